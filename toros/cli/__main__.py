"""`python -m toros.cli`: how a supervisor starts its daemons."""

from toros.cli import main

raise SystemExit(main())
