// What clients saw of sessions that they shared, and whether a memory that keeps its promises can
// have shown them that. Pure logic, in the style of Elle's check of list-append histories.
//
// A session is a list. An append puts a value, unlike any other, at its end; a read returns the
// list. The list as it is when all is over is the *final order*, and says all: each read must be
// the beginning of it, and what is before what in it must not contradict what was before what in
// time. An operation happens at some point between its invocation and its return.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sm_test {

/// A point in time by a clock that all clients share, in any unit.
using Instant = std::int64_t;

/// An element of a list: a value, and the place that the server says it has.
struct Entry {
    std::int64_t seq;
    std::int64_t value;
};

enum class Outcome {
    kCommitted,
    kAborted,
    kUnknown,  // the connection went away: it may have happened, or may still happen
};

/// Values added by one transaction to one list, in this order.
struct Append {
    std::string list;
    std::vector<Entry> entries;
    Instant invoked;   // the first statement was sent
    Instant returned;  // the commit was acknowledged
    Outcome outcome;
};

/// What a read returned.
struct Read {
    std::string list;
    std::vector<Entry> entries;
    std::vector<std::int64_t> own;  // what its own transaction has appended before, uncommitted
    Instant invoked;
    Instant returned;
};

struct History {
    std::vector<Append> appends;
    std::vector<Read> reads;
    std::map<std::string, std::vector<Entry>> final_order;
};

enum class Kind {
    kLost,             // a committed append is not in the final order
    kDuplicate,        // a value is there twice
    kPhantom,          // nobody appended it, or to another list
    kAbortedShown,     // it was rolled back, and yet is read or stored
    kNotAPrefix,       // a read is not the beginning of the final order
    kTornTransaction,  // a read shows a part of what one transaction appended
    kOwnMissing,       // a transaction does not see what it appended itself
    kStaleRead,        // a read misses what was committed before it began
    kReadFromFuture,   // a read shows what was appended after it ended
    kShrinkingRead,    // a read shows less than one that had ended before it began
    kAgainstRealTime,  // an append stands before one that had ended before it began
    kWrongSeq,         // seq is not 1, 2, 3 …, or not what the append was told
};

const char *name_of(Kind kind);

struct Anomaly {
    Kind kind;
    std::string what;
};

/// Everything in the history that must not be; nothing where all is well.
std::vector<Anomaly> anomalies(const History &history);

}  // namespace sm_test
