"""``python -m stockturn``."""

from stockturn.cli.app import main

if __name__ == "__main__":
    main()
