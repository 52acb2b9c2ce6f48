"""`python -m askdoc` is `askdoc`."""

from askdoc.cli import main

if __name__ == "__main__":
    main()
