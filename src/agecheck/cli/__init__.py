"""The program `agecheck`: one file a command. Heavy libraries load when a command needs them."""
