// JSON text straight from stored jsonb, byte for byte what the server's jsonb::text prints.
//
// Each function writes into [out, limit) and returns the end of what was written, or nullptr when
// it does not fit: the caller enlarges its buffer and calls again. There is no other failure, and
// nothing is allocated. What lies between the returned end and `limit` may have been changed.
//
// The room needed is what the text takes, except for values nested deeper than kFreeDepth levels:
// each level beyond needs kBytesPerLevel more while it is open, since the writer then keeps its
// place in the outer levels at the end of the buffer. A buffer that is doubled as long as the
// result is nullptr is always large enough in the end.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/jsonb_layout.hpp"

namespace sm::core {

inline constexpr std::size_t kFreeDepth = 64;
inline constexpr std::size_t kBytesPerLevel = sizeof(JsonbWalk);

// A whole value, given by its root container: what follows the length word of a jsonb datum.
char *write_jsonb(const void *container, char *out, char *limit) noexcept;

// Any value, whole or part of another. An absent one is written as null.
char *write_jsonb(JsonbRef value, char *out, char *limit) noexcept;

// The members of an object without the braces: `"a": 1, "b": 2`, without the members whose key is
// in `skip`. Nothing is written (the end is `out`) when no member is left, and for what is not an
// object.
char *write_jsonb_members(const void *container, std::span<const std::string_view> skip, char *out,
                          char *limit) noexcept;

}  // namespace sm::core
