"""`python -m askdoc` is `askdoc`."""

from askdoc.cli import command_line

if __name__ == "__main__":
    command_line()
