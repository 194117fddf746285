"""`make bench`: every measurement, each a table."""

import sys

from benchmarks import explorer, peers

print("# The post's training, side by side\n")
print(peers.table(peers.run()))
print("\n# The explorer\n")
sys.exit(explorer.main())
