// Arguments of the SQL functions: fetched, checked, and refused with words a person understands.
//
// 22004 for a NULL where none is allowed, 22023 for a value that makes no sense.
#pragma once

#include <optional>

#include "core/policies.hpp"
#include "pg/extension.hpp"
#include "pg/text.hpp"

namespace sm::functions {

/// Longest session id, user id and idempotency key, in characters.
inline constexpr int kLongestName = 255;

/// Longest kind of a thing, in characters.
inline constexpr int kLongestKind = 63;

/// Largest JSON object that is kept of a session or a user besides interactions, in bytes.
inline constexpr uint32 kLargestObject = 1024 * 1024;

/// The arguments of one call. `name` is what the argument is called in SQL.
class Arguments {
  public:
    explicit Arguments(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}

    bool is_null(int index) const { return index >= fcinfo_->nargs || fcinfo_->args[index].isnull; }
    Datum datum(int index) const { return fcinfo_->args[index].value; }

    text *required_text(int index, const char *name) const;
    text *optional_text(int index) const;

    /// 1 to 255 characters, or as many as `longest`.
    text *required_name(int index, const char *name, int longest = kLongestName) const;
    text *optional_name(int index, const char *name, int longest = kLongestName) const;

    /// A JSON object.
    Jsonb *required_object(int index, const char *name) const;
    Jsonb *optional_object(int index, const char *name) const;

    /// A number that is not negative.
    int32 required_limit(int index, const char *name) const;
    std::optional<int32> optional_limit(int index, const char *name) const;

    /// A finite time.
    core::Time time_or(int index, const char *name, core::Time otherwise) const;

    /// A positive interval.
    std::optional<core::Lifetime> optional_lifetime(int index, const char *name) const;

  private:
    void refuse_null(int index, const char *name) const;

    FunctionCallInfo fcinfo_;
};

/// A finite time, or an error.
core::Time checked_time(TimestampTz time, const char *name);

/// An error where an object is larger than kLargestObject: `what` is it, as in "the state of session",
/// and whose; `hint` says what to do with large things.
void refuse_if_too_large(const Jsonb *object, const char *what, const text *whose,
                         const char *hint);

}  // namespace sm::functions
