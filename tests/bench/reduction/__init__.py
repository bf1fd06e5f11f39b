"""How fast frames are reduced, beside what others take for the same work on the same machine in the same run."""
