"""Two regions and a witness on one machine; see ../README.md. Standard library only, /usr/bin/python3 of Debian 12."""
