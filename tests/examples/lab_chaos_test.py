"""Chaos: the same seed plays the same story, and every check of the promises can fail, shown by a made-up history."""

import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["FARSHORE_SOURCE_DIR"], "examples/lab"))
from farlab import chaos, injections, invariants  # noqa: E402


def step(at, name, event="done", attempt=1, **facts):
    return {"run_id": "shop-1", "at": at, "step": name, "event": event, "attempt": attempt, "facts": facts}


def server(name, region, **more):
    return {"name": name, "region": region, "alive": 0, "running": False, "system_identifier": "7", "in_recovery": None,
            "promote_requests": [], "timelines_selected": [], "primary_conninfo": None, "streaming": None,
            "epoch_rows": None, "conninfo_before": None, **more}


def order(name, t, region="us-east", position=100, sent=None):
    return {"id": name, "t": t, "sent": t - 0.01 if sent is None else sent, "result": "acked", "region": region,
            "position": position}


def failover():
    """A failover as it should be: lost at 100, fenced at 104, promoted at 104.2, one order lost beyond the fork."""
    rows = [{"epoch": 1, "server": "shop-us", "at": 90.0}, {"epoch": 2, "server": "shop-eu", "at": 104.4}]
    return {
        "journal": {
            "alerts": [{"id": 1, "verdict": "acted_on", "reason": ""},
                       {"id": 2, "verdict": "refused", "reason": "late"}],
            "reigns": [{"epoch": 1, "server": "shop-us"}, {"epoch": 2, "server": "shop-eu"}], "claims": [], "latch": [],
            "runs": [{"id": "shop-1", "state": "succeeded", "step": "account", "reason": "", "from_epoch": 1,
                      "epoch": 2, "old_primary": "shop-us", "candidate": "shop-eu"}],
            "steps": [step(103.9, "take_claim", claimed_epoch="2", predicted_loss_lower_bytes="0",
                           predicted_loss_upper_bytes="1000"),
                      step(104.0, "fence_old_primary"), step(104.2, "promote", "intent"), step(104.3, "promote"),
                      step(104.5, "prove_writable"), step(104.6, "switch_traffic", "intent")]},
        "servers": {"shop-us": server("shop-us", "us-east"),
                    "shop-eu": server("shop-eu", "eu-west", alive=9, running=True, in_recovery=False, epoch_rows=rows,
                                      promote_requests=[104.25], timelines_selected=[2], primary_conninfo="",
                                      conninfo_before="host=us")},
        "power": {"switched_off": [{"server": "shop-us", "at": 104.0}],
                  "looked_off": [{"server": "shop-us", "at": 104.1}]},
        "vantage_sessions": [{"vantage": "eu-west", "server": "shop-us", "scraped": 100.2, "session": 99.8}],
        "receiver": [{"looked": 100.1, "message": 99.9}],
        "client": [order("a", 99.0), order("b", 101.0, position=250), order("c", 105.0, "eu-west", 300)],
        "present": ["a", "c"], "fork": 200, "name_moves": [{"server": "shop-eu", "at": 104.7}],
        "first_region": "us-east", "max_data_loss_bytes": 1 << 24,
        "end": {"orders_flow": True, "held": False, "latched": None}}


def held():
    """A run that a person is asked about; us-east has come back by itself."""
    past = failover()
    run = past["journal"]["runs"][0]
    run |= {"state": "held", "reason": "too much would be lost", "epoch": 0, "candidate": ""}
    past["journal"]["steps"] = [step(103.0, "confirm_outage"), step(103.1, "admit", "failed")]
    past["journal"]["reigns"].pop()
    past["servers"]["shop-us"] |= {"alive": 9, "running": True, "in_recovery": False, "epoch_rows": []}
    past["servers"]["shop-eu"] |= {"in_recovery": True, "primary_conninfo": "host=us", "streaming": True,
                                   "promote_requests": [], "timelines_selected": [], "epoch_rows": []}
    past |= {"power": {"switched_off": [], "looked_off": []}, "client": [order("a", 99.0), order("b", 106.0)],
             "present": ["a", "b"], "fork": None, "name_moves": []}
    past["end"] = {"orders_flow": True, "held": True, "latched": None}
    return past


class Promises(unittest.TestCase):
    def broken(self, change, of=failover):
        """The names of the checks that object once `change` was made to a good history."""
        past = copy.deepcopy(of())
        change(past)
        return {sentence.split(":")[0] for sentence in invariants.violations(past)}

    def test_are_kept_by_good_histories(self):
        self.assertEqual(invariants.violations(failover()), [])
        self.assertEqual(invariants.violations(held()), [])

    def test_s1_no_fence_in_the_journal(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["steps"].pop(1)), {"S1"})

    def test_s1_a_fence_of_another_attempt(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["steps"][1].update(attempt=0)), {"S1"})

    def test_s1_an_old_proof(self):
        self.assertEqual(self.broken(lambda past: past["power"]["looked_off"][0].update(at=101.0)), {"S1"})

    def test_s1_a_proof_of_another_server(self):
        self.assertEqual(self.broken(lambda past: past["power"]["looked_off"][0].update(server="shop-eu")), {"S1"})

    def test_s1_a_fenced_server_that_runs_again(self):
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-us"].update(alive=1)), {"S1"})

    def test_s2_two_runs_promote_for_one_epoch(self):
        def change(past):
            past["journal"]["runs"].append(past["journal"]["runs"][0] | {"id": "shop-2"})
            past["journal"]["steps"] += [each | {"run_id": "shop-2"} for each in past["journal"]["steps"]
                                         if each["step"] != "take_claim"] + [
                step(103.9, "admit", predicted_loss_lower_bytes="0") | {"run_id": "shop-2"}]
        self.assertEqual(self.broken(change), {"S2"})

    def test_s2_two_runs_claim_one_epoch(self):
        def change(past):
            past["journal"]["runs"].append(past["journal"]["runs"][0] | {"id": "shop-2", "state": "refused",
                                                                         "reason": "alive"})
            past["journal"]["steps"].append(step(103.0, "take_claim", claimed_epoch="2") | {"run_id": "shop-2"})
        self.assertEqual(self.broken(change), {"S2"})

    def test_s2_postgresql_was_promoted_without_the_journal(self):
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-us"].update(timelines_selected=[3])), {"S2"})
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-us"].update(timelines_selected=[2])), {"S2"})

    def test_s2_two_servers_hold_one_epoch(self):
        rows = [{"epoch": 2, "server": "shop-us", "at": 104.0}]
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-us"].update(epoch_rows=rows)), {"S2"})

    def test_s2_an_epoch_reigned_twice(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["reigns"][1].update(epoch=1)), {"S2"})

    def test_s3_too_much_missing_or_unknown(self):
        for value in ("99999999", ""):
            self.assertEqual(self.broken(lambda past, value=value: past["journal"]["steps"][0]["facts"].update(
                predicted_loss_lower_bytes=value)), {"S3"})

    def test_s3_a_stranger(self):
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-eu"].update(system_identifier="8")), {"S3"})
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-eu"]["epoch_rows"].pop(0)), {"S3"})

    def test_s3_what_was_no_standby(self):
        self.assertEqual(self.broken(lambda past: past["servers"]["shop-eu"].update(promote_requests=[])), {"S3"})

    def test_s4_the_name_moves_before_the_first_write(self):
        self.assertEqual(self.broken(lambda past: past["name_moves"][0].update(at=104.3)), {"S4"})

    def test_s4_traffic_moves_before_the_write_is_proven(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["steps"][5].update(at=104.4)), {"S4"})

    def test_s5_an_alert_without_a_verdict_or_reason(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["alerts"][0].update(verdict="")), {"S5"})
        self.assertEqual(self.broken(lambda past: past["journal"]["alerts"][1].update(reason="")), {"S5"})

    def test_s6_a_run_without_an_end(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["runs"][0].update(state="running"), held), {"S6"})
        self.assertEqual(self.broken(lambda past: past["journal"]["runs"][0].update(reason=""), held), {"S6"})

    def test_s6_a_held_run_that_left_something_behind(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["claims"].append({"epoch": 2}), held), {"S6"})
        for change in ({"primary_conninfo": ""}, {"streaming": False}, {"in_recovery": False}):
            self.assertEqual(self.broken(lambda past, change=change: past["servers"]["shop-eu"].update(change), held),
                             {"S6"}, change)

    def test_s7_a_vantage_had_a_session(self):
        life = {"vantage": "eu-west", "server": "shop-us", "scraped": 102.0, "session": 101.5}
        self.assertEqual(self.broken(lambda past: past["vantage_sessions"].append(life)), {"S7"})

    def test_s7_the_standby_heard_from_the_primary(self):
        self.assertEqual(self.broken(lambda past: past["receiver"].append({"looked": 102.0, "message": 101.9})), {"S7"})

    def test_s7_what_nobody_could_have_known_yet_is_no_violation(self):
        life = {"vantage": "eu-west", "server": "shop-us", "scraped": 103.8, "session": 103.7}
        self.assertEqual(self.broken(lambda past: past["vantage_sessions"].append(life)), set())

    def test_s7_a_fence_for_nothing(self):
        def change(past):
            past["power"]["switched_off"].append({"server": "shop-us", "at": 104.0})
            past["journal"]["runs"][0]["state"] = "refused"
            past["client"].pop()
        self.assertEqual(self.broken(change, held), {"S7"})

    def test_s8_something_is_put_back_after_the_promotion(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["steps"].append(step(105, "put_back", "undone"))),
                         {"S8"})

    def test_s8_a_promotion_that_is_given_up(self):
        self.assertEqual(self.broken(lambda past: past["journal"]["runs"][0].update(state="refused", reason="x")) - {
            "loss"}, {"S8"})

    def test_loss_before_the_fork(self):
        self.assertEqual(self.broken(lambda past: past["client"][1].update(position=150)), {"loss"})

    def test_loss_beyond_the_prediction(self):
        self.assertEqual(self.broken(lambda past: past["client"][1].update(position=5000)), {"loss"})

    def test_loss_without_a_failover(self):
        self.assertEqual(self.broken(lambda past: past["present"].pop(), held), {"loss"})

    def test_an_order_acknowledged_after_the_fence(self):
        late = order("d", 104.2, position=None, sent=104.1)
        self.assertEqual(self.broken(lambda past: past["client"].append(late)), {"two writers"})

    def test_an_order_acknowledged_by_both_sides(self):
        def change(past):
            past["power"]["switched_off"] = []
            past["client"].append(order("d", 105.2, position=None, sent=105.1))
        self.assertEqual(self.broken(change), {"two writers"})

    def test_an_answer_that_was_under_way_is_no_second_writer(self):
        under_way = order("d", 104.2, position=None, sent=103.9)
        self.assertEqual(self.broken(lambda past: past["client"].append(under_way)), set())

    def test_nobody_is_told_why_the_service_is_away(self):
        self.assertEqual(self.broken(lambda past: past["end"].update(orders_flow=False)), {"end"})
        self.assertEqual(self.broken(lambda past: past["end"].update(orders_flow=False), held), set())


class Schedules(unittest.TestCase):
    def test_are_the_same_for_the_same_seed(self):
        self.assertEqual([chaos.schedule("7", n) for n in range(50)], [chaos.schedule("7", n) for n in range(50)])
        self.assertNotEqual([chaos.schedule("7", n) for n in range(50)], [chaos.schedule("8", n) for n in range(50)])

    def test_use_everything_and_never_more_than_two(self):
        every = [chaos.schedule("1", n) for n in range(400)]
        self.assertEqual({strike.name for strikes in every for strike in strikes},
                         set(injections.INJECTIONS) - chaos.LEFT_OUT)
        self.assertEqual({len(strikes) for strikes in every}, {1, 2})

    def test_strike_nothing_that_cannot_be_struck_any_more(self):
        for strikes in (chaos.schedule("1", n) for n in range(400)):
            ranks = [chaos.RANK[strike.name] for strike in strikes if strike.name in chaos.RANK]
            self.assertEqual(ranks, sorted(ranks))
            for strike in strikes:
                self.assertEqual(strike.until is None, injections.INJECTIONS[strike.name].heal is None)
            if strikes[0].name == "slow-link" and len(strikes) == 2:
                self.assertGreaterEqual(strikes[1].at, chaos.BULK_FIRST)


if __name__ == "__main__":
    unittest.main(verbosity=2)
