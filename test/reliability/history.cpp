// Checking histories. All of it is linear in their length, but for a sort of the reads.
#include "history.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace sm_test {

namespace {

constexpr Instant kNever = std::numeric_limits<Instant>::max();
constexpr Instant kBefore = std::numeric_limits<Instant>::min();

/// What is known of a value.
struct Known {
    const Append *append;
    std::int64_t seq;
    int times;
};

class Checker {
  public:
    explicit Checker(const History &history) : history_(history) {
        for (const Append &append : history.appends)
            for (const Entry &entry : append.entries)
                if (const auto [known, fresh] =
                        values_.try_emplace(entry.value, Known{&append, entry.seq, 0});
                    !fresh)
                    report(Kind::kDuplicate, "the history appends value", entry.value);
    }

    std::vector<Anomaly> check() {
        std::map<std::string, std::vector<const Read *>> reads;
        for (const Read &read : history_.reads) reads[read.list].push_back(&read);
        for (const auto &[list, entries] : history_.final_order) {
            check_final_order(list, entries);
            check_reads(list, entries, reads[list]);
            reads.erase(list);
        }
        for (const auto &[list, left] : reads) check_reads(list, {}, left);
        for (const auto &[value, known] : values_)
            if (known.append->outcome == Outcome::kCommitted && known.times == 0)
                report(Kind::kLost, known.append->list + ": value", value);
        return std::move(found_);
    }

  private:
    void report(Kind kind, const std::string &what, std::int64_t value) {
        found_.push_back({kind, what + " " + std::to_string(value)});
    }

    /// The append of a value to that list, or nullptr.
    const Append *append_of(const std::string &list, std::int64_t value) const {
        const auto known = values_.find(value);
        return known == values_.end() || known->second.append->list != list ? nullptr
                                                                            : known->second.append;
    }

    /// Whether somebody may have appended it there; reports it otherwise.
    bool legitimate(const std::string &list, std::int64_t value) {
        const Append *append = append_of(list, value);
        if (append == nullptr)
            report(Kind::kPhantom, list + ": value", value);
        else if (append->outcome == Outcome::kAborted)
            report(Kind::kAbortedShown, list + ": value", value);
        return append != nullptr && append->outcome != Outcome::kAborted;
    }

    void check_final_order(const std::string &list, const std::vector<Entry> &entries) {
        for (size_t place = 0; place < entries.size(); ++place) {
            const auto [seq, value] = entries[place];
            if (seq != static_cast<std::int64_t>(place) + 1)
                report(Kind::kWrongSeq, list + ": stored with a gap before seq", seq);
            if (!legitimate(list, value)) continue;
            Known &known = values_.at(value);
            if (++known.times > 1) report(Kind::kDuplicate, list + ": stored twice, value", value);
            if (known.append->outcome == Outcome::kCommitted && known.seq != seq)
                report(Kind::kWrongSeq, list + ": not stored where acknowledged, seq", seq);
        }
        // From the end: an append may not begin after one behind it has ended.
        Instant ended = kNever;
        for (size_t place = entries.size(); place-- > 0;) {
            const Append *append = append_of(list, entries[place].value);
            if (append == nullptr) continue;
            if (append->invoked > ended)
                report(Kind::kAgainstRealTime, list + ": seq", entries[place].seq);
            if (append->outcome == Outcome::kCommitted) ended = std::min(ended, append->returned);
        }
    }

    /// For each length of a beginning of the final order: the latest invocation of what is in it,
    /// and the earliest return of what is not.
    struct Bounds {
        std::vector<Instant> latest_invoked;
        std::vector<Instant> earliest_returned;
    };

    Bounds bounds_of(const std::string &list, const std::vector<Entry> &entries) const {
        Bounds bounds{std::vector<Instant>(entries.size() + 1, kBefore),
                      std::vector<Instant>(entries.size() + 1, kNever)};
        for (size_t i = 0; i < entries.size(); ++i) {
            const Append *append = append_of(list, entries[i].value);
            bounds.latest_invoked[i + 1] =
                std::max(bounds.latest_invoked[i], append == nullptr ? kBefore : append->invoked);
        }
        for (size_t i = entries.size(); i-- > 0;) {
            const Append *append = append_of(list, entries[i].value);
            const bool committed = append != nullptr && append->outcome == Outcome::kCommitted;
            bounds.earliest_returned[i] =
                std::min(bounds.earliest_returned[i + 1], committed ? append->returned : kNever);
        }
        return bounds;
    }

    /// What a read shows but for the end that its own transaction appended.
    std::vector<Entry> without_own(const Read &read) {
        std::vector<Entry> shown = read.entries;
        for (auto own = read.own.rbegin(); own != read.own.rend(); ++own) {
            if (!shown.empty() && shown.back().value == *own) {
                shown.pop_back();
            } else {
                report(Kind::kOwnMissing, read.list + ": value", *own);
                break;
            }
        }
        return shown;
    }

    /// Whether it is the beginning of the final order; reports what is the matter otherwise.
    bool is_prefix(const Read &read, const std::vector<Entry> &shown,
                   const std::vector<Entry> &entries) {
        std::vector<std::int64_t> values;
        bool all_legitimate = true;
        for (const Entry &entry : shown) {
            values.push_back(entry.value);
            all_legitimate &= legitimate(read.list, entry.value);
        }
        std::sort(values.begin(), values.end());
        if (const auto twice = std::adjacent_find(values.begin(), values.end());
            twice != values.end()) {
            report(Kind::kDuplicate, read.list + ": read twice, value", *twice);
            return false;
        }
        if (!all_legitimate) return false;
        const auto differs = std::mismatch(
            shown.begin(), shown.end(), entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return a.value == b.value && a.seq == b.seq; });
        if (differs.first == shown.end()) return true;
        report(Kind::kNotAPrefix, read.list + ": read of seq", differs.first->seq);
        return false;
    }

    void check_reads(const std::string &list, const std::vector<Entry> &entries,
                     std::vector<const Read *> reads) {
        const Bounds bounds = bounds_of(list, entries);
        std::vector<std::pair<const Read *, size_t>> lengths;
        for (const Read *read : reads) {
            const std::vector<Entry> shown = without_own(*read);
            if (!is_prefix(*read, shown, entries)) continue;
            const size_t length = shown.size();
            lengths.emplace_back(read, length);
            const auto said = list + ": read of length";
            const auto count = static_cast<std::int64_t>(length);
            if (bounds.latest_invoked[length] > read->returned)
                report(Kind::kReadFromFuture, said, count);
            if (bounds.earliest_returned[length] < read->invoked)
                report(Kind::kStaleRead, said, count);
            if (length > 0 && length < entries.size() &&
                append_of(list, entries[length - 1].value) ==
                    append_of(list, entries[length].value))
                report(Kind::kTornTransaction, said, count);
        }
        check_growth(list, std::move(lengths));
    }

    /// A read shows at least what reads showed that had ended before it began.
    void check_growth(const std::string &list,
                      std::vector<std::pair<const Read *, size_t>> by_invocation) {
        auto by_return = by_invocation;
        std::sort(by_invocation.begin(), by_invocation.end(),
                  [](const auto &a, const auto &b) { return a.first->invoked < b.first->invoked; });
        std::sort(by_return.begin(), by_return.end(), [](const auto &a, const auto &b) {
            return a.first->returned < b.first->returned;
        });
        size_t longest = 0;
        auto ended = by_return.begin();
        for (const auto &[read, length] : by_invocation) {
            for (; ended != by_return.end() && ended->first->returned < read->invoked; ++ended)
                longest = std::max(longest, ended->second);
            if (length < longest)
                report(Kind::kShrinkingRead, list + ": read of length",
                       static_cast<std::int64_t>(length));
        }
    }

    const History &history_;
    std::unordered_map<std::int64_t, Known> values_;
    std::vector<Anomaly> found_;
};

}  // namespace

const char *name_of(Kind kind) {
    switch (kind) {
        case Kind::kLost:
            return "lost";
        case Kind::kDuplicate:
            return "duplicate";
        case Kind::kPhantom:
            return "phantom";
        case Kind::kAbortedShown:
            return "aborted and yet shown";
        case Kind::kNotAPrefix:
            return "not a prefix";
        case Kind::kTornTransaction:
            return "torn transaction";
        case Kind::kOwnMissing:
            return "own append not seen";
        case Kind::kStaleRead:
            return "stale read";
        case Kind::kReadFromFuture:
            return "read from the future";
        case Kind::kShrinkingRead:
            return "shrinking read";
        case Kind::kAgainstRealTime:
            return "against real time";
        case Kind::kWrongSeq:
            return "wrong seq";
    }
    return "?";
}

std::vector<Anomaly> anomalies(const History &history) {
    return Checker(history).check();
}

}  // namespace sm_test
