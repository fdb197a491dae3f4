"""The fidelity ledger, docs/fidelity.md: what of the hardware is modelled, what is missing, which tests cover it.

`python -m fidelity` in pylib writes it from the platforms, the models, the vendor's SVD and the tests.
"""
