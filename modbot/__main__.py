"""`python -m modbot`, for where no script was installed."""

from modbot.cli import main

if __name__ == "__main__":
    main()
