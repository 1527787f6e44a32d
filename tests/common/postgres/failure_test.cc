#include "common/postgres/failure.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

FailureClass class_of(std::string_view message) { return classify_connect_failure(message).failure; }

TEST(ConnectFailure, IsReadFromTheSqlstateWhateverTheLanguage) {
  const PgFailure failure = classify_connect_failure(
      "connection to server at \"10.1.0.5\", port 5432 failed: FATAL:  28P01: Passwort-Authentifizierung für "
      "Benutzer »x« fehlgeschlagen\nLOCATION:  auth_failed, auth.c:335\n");
  EXPECT_EQ(failure.failure, FailureClass::kAuth);
  EXPECT_EQ(failure.sqlstate, "28P01");
  EXPECT_EQ(failure.text, "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen");
}

TEST(ConnectFailure, AnAnswerOfAnyAddressWinsOverTheSilenceOfAnother) {
  EXPECT_EQ(
      class_of("connection to server at \"a\" (::1), port 1 failed: Connection refused\n\tIs the server "
               "running on that host and accepting TCP/IP connections?\nconnection to server at \"a\" "
               "(127.0.0.1), port 1 failed: FATAL:  53300: sorry, too many clients already\n"),
      FailureClass::kTooManyClients);
}

TEST(ConnectFailure, TellsStartingFromShuttingDown) {
  EXPECT_EQ(class_of("x failed: FATAL:  57P03: the database system is starting up\n"),
            FailureClass::kStartingUp);
  EXPECT_EQ(class_of("x failed: FATAL:  57P03: the database system is in recovery mode\n"),
            FailureClass::kStartingUp);
  EXPECT_EQ(class_of("x failed: FATAL:  57P03: the database system is shutting down\n"),
            FailureClass::kShuttingDown);
}

TEST(ConnectFailure, AMissingDatabaseIsAnAnswerNotSilence) {
  const FailureClass failure = class_of("x failed: FATAL:  3D000: database \"nope\" does not exist\n");
  EXPECT_EQ(failure, FailureClass::kQuery);
  EXPECT_TRUE(proves_alive(failure));
}

TEST(ConnectFailure, SystemErrorsAreSorted) {
  EXPECT_EQ(class_of("connection to server at \"x\", port 1 failed: Connection refused\n"),
            FailureClass::kRefused);
  EXPECT_EQ(class_of("connection to server at \"x\", port 1 failed: No route to host\n"),
            FailureClass::kUnreachable);
  EXPECT_EQ(class_of("connection to server at \"x\", port 1 failed: Network is unreachable\n"),
            FailureClass::kUnreachable);
  EXPECT_EQ(class_of("connection to server at \"x\", port 1 failed: Connection timed out\n"),
            FailureClass::kTimeout);
  EXPECT_EQ(
      class_of("connection to server at \"x\", port 1 failed: could not receive data from server: Connection "
               "reset by peer\n"),
      FailureClass::kClosed);
  EXPECT_EQ(class_of("x failed: server closed the connection unexpectedly\n\tThis probably means ...\n"),
            FailureClass::kClosed);
}

TEST(ConnectFailure, TlsTroubleIsItsOwnClass) {
  EXPECT_EQ(class_of("x failed: server does not support SSL, but SSL was required\n"), FailureClass::kTls);
  EXPECT_EQ(class_of("x failed: SSL error: certificate verify failed\n"), FailureClass::kTls);
  EXPECT_EQ(class_of("x failed: SSL SYSCALL error: EOF detected\n"), FailureClass::kClosed);
}

TEST(ConnectFailure, WhatNobodyKnowsIsNeitherSilenceNorProofOfLife) {
  const FailureClass failure = class_of("something new\n");
  EXPECT_FALSE(is_silence(failure));
  EXPECT_FALSE(proves_alive(failure));
}

TEST(SessionFailure, ABackendEndedByTheAdministratorIsShuttingDown) {
  EXPECT_EQ(classify_sqlstate("57P01", "terminating connection").failure, FailureClass::kShuttingDown);
  EXPECT_EQ(classify_sqlstate("42501", "permission denied").failure, FailureClass::kQuery);
}

}  // namespace
}  // namespace farshore
