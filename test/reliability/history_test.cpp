// The checker itself: a good history passes, and of each kind of bad one it finds just that.
#include "history.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace sm_test;

namespace {

/// Values 1, 2, 3 appended to the list "s" by three clients one after the other, at 10–20, 30–40
/// and 50–60, and read in between.
History good() {
    History history;
    for (std::int64_t n = 1; n <= 3; ++n)
        history.appends.push_back({"s", {{n, n}}, 20 * n - 10, 20 * n, Outcome::kCommitted});
    history.reads = {
        {"s", {}, {}, 1, 5},
        {"s", {{1, 1}}, {}, 21, 25},
        {"s", {{1, 1}, {2, 2}}, {}, 41, 45},
        {"s", {{1, 1}, {2, 2}, {3, 3}}, {}, 61, 65},
    };
    history.final_order["s"] = {{1, 1}, {2, 2}, {3, 3}};
    return history;
}

std::set<std::string> kinds_in(const History &history) {
    std::set<std::string> kinds;
    for (const Anomaly &anomaly : anomalies(history)) kinds.insert(name_of(anomaly.kind));
    return kinds;
}

using Kinds = std::set<std::string>;

TEST(HistoryTest, NothingHappened) {
    EXPECT_EQ(kinds_in({}), Kinds{});
}

TEST(HistoryTest, AGoodOne) {
    EXPECT_EQ(kinds_in(good()), Kinds{});
}

TEST(HistoryTest, WhatOverlapsMayStandEitherWay) {
    History history = good();
    history.appends[0].returned = 1000;  // 1 is acknowledged last
    history.reads = {{"s", {}, {}, 11, 12}, {"s", {{1, 1}, {2, 2}}, {}, 35, 36}};
    EXPECT_EQ(kinds_in(history), Kinds{});
    history.final_order["s"] = {{1, 2}, {2, 1}, {3, 3}};
    history.appends[0].entries = {{2, 1}};
    history.appends[1].entries = {{1, 2}};
    history.reads = {{"s", {{1, 2}, {2, 1}}, {}, 45, 46}};
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, WhoseOutcomeIsUnknownMayBeThereOrNot) {
    History history = good();
    history.appends.push_back({"s", {{0, 4}}, 70, 80, Outcome::kUnknown});
    EXPECT_EQ(kinds_in(history), Kinds{});
    history.final_order["s"].push_back({4, 4});
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, AbortedAndNotShown) {
    History history = good();
    history.appends.push_back({"s", {{4, 4}}, 70, 80, Outcome::kAborted});
    // Its own transaction saw it.
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}, {4, 4}}, {4}, 72, 75});
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, AbortedAndRead) {
    History history = good();
    history.appends.push_back({"s", {{4, 4}}, 70, 80, Outcome::kAborted});
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}, {4, 4}}, {}, 72, 75});
    EXPECT_EQ(kinds_in(history), Kinds{"aborted and yet shown"});
}

TEST(HistoryTest, AbortedAndStored) {
    History history = good();
    history.appends[2].outcome = Outcome::kAborted;
    history.reads.pop_back();
    EXPECT_EQ(kinds_in(history), Kinds{"aborted and yet shown"});
}

TEST(HistoryTest, Lost) {
    History history = good();
    history.final_order["s"].pop_back();
    history.reads.pop_back();
    EXPECT_EQ(kinds_in(history), Kinds{"lost"});
    history.final_order.clear();
    history.reads.clear();
    EXPECT_EQ(kinds_in(history), Kinds{"lost"});
}

TEST(HistoryTest, LostBetweenReads) {
    History history = good();
    history.final_order["s"] = {{1, 1}, {2, 3}};
    history.appends[2].entries = {{2, 3}};
    history.reads.pop_back();
    EXPECT_EQ(kinds_in(history), (Kinds{"lost", "not a prefix"}));
}

TEST(HistoryTest, StoredTwice) {
    History history = good();
    history.final_order["s"].push_back({4, 3});
    history.reads.pop_back();
    EXPECT_EQ(kinds_in(history), (Kinds{"duplicate", "wrong seq"}));
}

TEST(HistoryTest, ReadTwice) {
    History history = good();
    history.reads[2].entries = {{1, 1}, {2, 1}};
    EXPECT_EQ(kinds_in(history), Kinds{"duplicate"});
}

TEST(HistoryTest, AppendedByNobody) {
    History history = good();
    history.final_order["s"].push_back({4, 99});
    EXPECT_EQ(kinds_in(history), Kinds{"phantom"});
    history = good();
    history.reads[1].entries = {{1, 99}};
    EXPECT_EQ(kinds_in(history), Kinds{"phantom"});
}

TEST(HistoryTest, OfAnotherList) {
    History history = good();
    history.appends.push_back({"other", {{1, 4}}, 70, 80, Outcome::kCommitted});
    history.final_order["other"] = {{1, 4}};
    EXPECT_EQ(kinds_in(history), Kinds{});
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}, {1, 4}}, {}, 90, 95});
    EXPECT_EQ(kinds_in(history), Kinds{"phantom"});
}

TEST(HistoryTest, NotAPrefix) {
    History history = good();
    history.reads[2].entries = {{2, 2}};  // the beginning is missing
    EXPECT_EQ(kinds_in(history), Kinds{"not a prefix"});
    history.reads[2].entries = {{1, 2}, {2, 1}};
    EXPECT_EQ(kinds_in(history), Kinds{"not a prefix"});
    history = good();
    history.reads[3].entries = {{1, 1}, {3, 3}};  // a hole
    EXPECT_EQ(kinds_in(history), Kinds{"not a prefix"});
}

TEST(HistoryTest, MoreThanIsThereInTheEnd) {
    History history = good();
    history.final_order["s"].pop_back();
    EXPECT_EQ(kinds_in(history), (Kinds{"lost", "not a prefix"}));
}

TEST(HistoryTest, AReadOfAListThatIsNotThereInTheEnd) {
    History history = good();
    history.appends.push_back({"other", {{1, 4}}, 70, 80, Outcome::kUnknown});
    history.reads.push_back({"other", {{1, 4}}, {}, 90, 95});
    EXPECT_EQ(kinds_in(history), Kinds{"not a prefix"});
}

TEST(HistoryTest, StaleRead) {
    History history = good();
    history.reads[2].entries.pop_back();  // 2 was acknowledged at 40, this read began at 41
    EXPECT_EQ(kinds_in(history), Kinds{"stale read"});
    history.reads[2].invoked = 39;
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, ReadFromTheFuture) {
    History history = good();
    history.reads[1].entries.push_back({2, 2});  // 2 was sent at 30, this read ended at 25
    EXPECT_EQ(kinds_in(history), Kinds{"read from the future"});
    history.reads[1].returned = 31;
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, ShrinkingRead) {
    History history = good();
    history.appends[1].returned = 1000;  // acknowledged late: a read may miss it, or not
    history.appends[2].invoked = 900;
    history.appends[2].returned = 1000;
    history.reads.pop_back();
    EXPECT_EQ(kinds_in(history), Kinds{});
    history.reads.push_back({"s", {{1, 1}}, {}, 46, 47});
    EXPECT_EQ(kinds_in(history), Kinds{"shrinking read"});
    history.reads.back().invoked = 44;  // at the same time as the one that shows more
    EXPECT_EQ(kinds_in(history), Kinds{});
}

TEST(HistoryTest, AppendsAgainstRealTime) {
    History history = good();
    history.final_order["s"] = {{1, 2}, {2, 1}, {3, 3}};
    history.appends[0].entries = {{2, 1}};
    history.appends[1].entries = {{1, 2}};
    history.reads.clear();
    EXPECT_EQ(kinds_in(history), Kinds{"against real time"});
}

TEST(HistoryTest, WrongSeq) {
    History history = good();
    history.appends[1].entries = {{7, 2}};  // it was told another
    EXPECT_EQ(kinds_in(history), Kinds{"wrong seq"});
    history = good();
    history.final_order["s"] = {{1, 1}, {2, 2}, {4, 3}};
    history.appends[2].entries = {{4, 3}};
    history.reads[3].entries = history.final_order["s"];
    EXPECT_EQ(kinds_in(history), Kinds{"wrong seq"});
}

TEST(HistoryTest, TransactionsAreSeenAsAWhole) {
    History history = good();
    history.appends.push_back({"s", {{4, 4}, {5, 5}}, 70, 80, Outcome::kCommitted});
    history.final_order["s"].insert(history.final_order["s"].end(), {{4, 4}, {5, 5}});
    history.reads.push_back({"s", history.final_order["s"], {}, 90, 95});
    // Its own reads do see the half.
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}, {4, 4}}, {4}, 74, 75});
    EXPECT_EQ(kinds_in(history), Kinds{});
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}, {4, 4}}, {}, 74, 85});
    EXPECT_EQ(kinds_in(history), Kinds{"torn transaction"});
}

TEST(HistoryTest, ATransactionSeesItsOwn) {
    History history = good();
    history.appends.push_back({"s", {{4, 4}}, 70, 80, Outcome::kCommitted});
    history.final_order["s"].push_back({4, 4});
    history.reads.push_back({"s", {{1, 1}, {2, 2}, {3, 3}}, {4}, 74, 75});
    EXPECT_EQ(kinds_in(history), Kinds{"own append not seen"});
}

}  // namespace
