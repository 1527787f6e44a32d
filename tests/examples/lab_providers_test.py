"""The lab recovers with other providers than its usual ones; run_lab fails when anything ends otherwise than it must."""

import os
import unittest

from lab_runner import LabTest


@unittest.skipIf(os.getuid() != 0, "needs namespaces")
class LabProviders(LabTest):
    def test_a_lost_region_is_powered_off_and_left_by_the_apis_of_clouds(self):
        record = self.run_lab("--traffic", "route53", "--fence", "ssh,linode", "--cloud-delay", "1")
        self.assertEqual((record["fault"], record["traffic"], record["fence"]), ("kill", "route53", "ssh,linode"))
        self.assertEqual((record["outcome"], record["epoch"]), ("succeeded", 2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
