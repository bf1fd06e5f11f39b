"""How the databases of earlier versions become today's: one branch a daemon, and `ledger` for all."""
