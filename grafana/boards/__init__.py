"""All boards, in the order of the list in README.md."""

from . import actuator, cluster, exporters, overview, postmortem, vantages

BOARDS = (overview.BOARD, cluster.BOARD, postmortem.BOARD, vantages.BOARD, actuator.BOARD, exporters.BOARD)
