"""What people see after a run: JUnit, HTML, summary. Reads results only."""
