"""How the databases of earlier versions become today's: one branch a daemon, and `ledger` for all.

A branch is a folder in `versions/`, named as the service; its revisions are files `NNNN_<what>.py`, numbered from
0001, each calling itself `<branch>_NNNN`. The first says `branch_labels = ("<branch>",)` and `down_revision = None`,
each later one names the one before. A revision spells its tables out (`op.create_table`), so that it does today what
it did when it was written, however the code's tables have changed since; a test compares what the revisions make with
what the code knows. Going back to an older version is restoring the backup that is made before every upgrade.
"""
