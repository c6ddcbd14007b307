"""python -m agecheck"""

from agecheck.cli.main import main

main()
