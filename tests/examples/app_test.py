"""The example application against a real PostgreSQL: what it promises its clients (examples/app/routes.h)."""

import http.client
import json
import os
import re
import signal
import subprocess
import unittest

from postgres_fixture import Postgres, wait_until, with_children

PROGRAM = os.path.join(os.environ["FARSHORE_BINARY_DIR"], "examples/app/farshore-example-app")
SCHEMA = os.path.join(os.environ["FARSHORE_SOURCE_DIR"], "examples/app/schema.sql")


class App:
    def __init__(self, postgres, password):
        environment = {"DB_HOST": "127.0.0.1", "DB_PORT": str(postgres.port), "DB_USER": "shop_app", "DB_NAME": "shop",
                       "DB_PASSWORD": password, "APP_REGION": "us-east", "APP_LISTEN": "127.0.0.1:0"}
        self.process = subprocess.Popen([PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"port=(\d+)", self.process.stdout.readline()).group(1))

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def order(self, identifier, item="tea"):
        return self.ask("POST", "/orders", json.dumps({"id": identifier, "item": item}))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        return code


def lsn(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


class AppTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres("secret-of-the-test")
        self.addCleanup(self.postgres.stop)
        self.postgres.sql("CREATE DATABASE shop")
        with open(SCHEMA, encoding="utf-8") as file:
            self.postgres.sql(file.read(), "shop")
        self.app = App(self.postgres, "secret-of-the-test")
        self.addCleanup(self.app.stop)

    def test_answers_after_the_commit_with_its_position(self):
        before = lsn(self.postgres.sql("SELECT pg_current_wal_insert_lsn()"))
        status, body = self.app.order("a-1")
        self.assertEqual((status, body["id"], body["region"]), (200, "a-1", "us-east"))
        self.assertGreater(lsn(body["lsn"]), before)
        self.assertEqual(self.postgres.sql("SELECT item FROM orders WHERE id = 'a-1'", "shop"), "tea")

    def test_the_same_id_twice_is_one_order(self):
        first, second = self.app.order("a-1"), self.app.order("a-1")
        self.assertEqual((first[0], second[0], second[1]["id"]), (200, 200, "a-1"))
        self.assertEqual(self.app.ask("GET", "/orders/count"), (200, {"count": 1}))
        self.assertEqual(self.app.order("a-1", "coffee")[0], 409)

    def test_lists_ids_in_pages(self):
        for number in range(5):
            self.app.order(f"o-{number}")
        self.assertEqual(self.app.ask("GET", "/orders/ids")[1]["ids"], [f"o-{n}" for n in range(5)])
        self.assertEqual(self.app.ask("GET", "/orders/ids?after=o-1&limit=2")[1]["ids"], ["o-2", "o-3"])

    def test_says_503_and_writes_nothing_while_the_database_is_read_only(self):
        self.postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        self.postgres.sql("SELECT pg_reload_conf()")
        wait_until(lambda: self.app.ask("GET", "/healthz?require=writable")[0] == 503, "seen as read-only")
        self.assertEqual(self.app.ask("GET", "/healthz")[0], 200)
        self.assertEqual(self.app.order("r-1")[0], 503)
        self.assertEqual(self.app.ask("GET", "/orders/count")[1], {"count": 0})

    def test_recovers_by_itself_when_the_database_dies_and_returns(self):
        self.assertEqual(self.app.order("b-1")[0], 200)
        self.postgres.kill()
        self.assertIn(self.app.order("b-2")[0], (503, 504))
        self.assertEqual(self.app.ask("GET", "/healthz")[0], 503)
        self.postgres.start()
        wait_until(lambda: self.app.order("b-3")[0] == 200, "orders are taken again")

    def test_answers_unknown_in_time_while_the_database_is_frozen(self):
        self.assertEqual(self.app.order("c-1")[0], 200)
        frozen = with_children(self.postgres.postgres_pid())
        try:
            for victim in frozen:
                os.kill(victim, signal.SIGSTOP)
            self.assertEqual(self.app.order("c-2")[0], 504)
            self.assertEqual(self.app.ask("GET", "/healthz")[0], 503)
        finally:
            for victim in frozen:
                os.kill(victim, signal.SIGCONT)
        wait_until(lambda: self.app.order("c-2")[0] == 200, "the same id settles it")

    def test_refuses_what_is_not_an_order(self):
        for body in ("", "{", "[]", '{"id": "x"}', '{"id": 7, "item": "tea"}', '{"id": "", "item": "tea"}',
                     json.dumps({"id": "x" * 201, "item": "tea"})):
            self.assertEqual(self.app.ask("POST", "/orders", body)[0], 400, body)
        self.assertEqual(self.app.ask("POST", "/orders", "x" * 20_000)[0], 413)

    def test_stops_cleanly_on_sigterm(self):
        self.assertEqual(self.app.order("d-1")[0], 200)
        self.assertEqual(self.app.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
