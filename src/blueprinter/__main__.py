"""`python -m blueprinter`: the command line, without its script on the path."""

from blueprinter.cli import main

if __name__ == "__main__":
    main()
