"""Renode as the second engine: a real Renode in this process, driven through pyrenode3.

`engine.RenodeEngine` is the engine, `session.open_monitor` the interactive Monitor; making one of them starts Renode.
`discovery.look` says what is installed and loads nothing.
"""
