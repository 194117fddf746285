"""`make bench`: every measurement, each a table."""

import sys

from benchmarks import explorer, many, peers

print("# The post's training, side by side\n")
print(peers.table(peers.run()))
print("\n# Many seeds at once\n")
print(many.table(many.run()))
print("\n# The explorer\n")
sys.exit(explorer.main())
