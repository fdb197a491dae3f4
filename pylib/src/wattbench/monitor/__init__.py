"""The Monitor language of .resc scripts: text in, plain data out."""
