// The writer goes through nested containers with a stack of its own, so depth costs no machine
// stack. Every step writes at least one byte: a damaged container ends at the limit at the latest.
#include "core/jsonb_text.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "core/escape.hpp"
#include "core/numeric_text.hpp"

namespace sm::core {
namespace {

static_assert(std::is_trivially_copyable_v<JsonbWalk>);

inline char *put(std::string_view text, char *out, char *limit) {
    if (limit - out < static_cast<std::ptrdiff_t>(text.size())) return nullptr;
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

// The containers around the one being written, each where its writing goes on. The first kFreeDepth
// lie here, the others at the end of the buffer, which is why `limit` moves.
class OuterLevels {
  public:
    bool empty() const { return depth_ == 0; }

    bool push(const JsonbWalk &walk, const char *out, char *&limit) {
        if (depth_ < kFreeDepth) {
            std::memcpy(here_[depth_], &walk, sizeof walk);
        } else {
            if (limit - out < static_cast<std::ptrdiff_t>(sizeof walk)) return false;
            limit -= sizeof walk;
            std::memcpy(limit, &walk, sizeof walk);
        }
        ++depth_;
        return true;
    }

    JsonbWalk pop(char *&limit) {
        JsonbWalk walk;
        --depth_;
        if (depth_ < kFreeDepth) {
            std::memcpy(&walk, here_[depth_], sizeof walk);
        } else {
            std::memcpy(&walk, limit, sizeof walk);
            limit += sizeof walk;
        }
        return walk;
    }

  private:
    std::size_t depth_ = 0;
    char here_[kFreeDepth][sizeof(JsonbWalk)];
};

inline char *write_scalar(JsonbRef value, char *out, char *limit) {
    switch (value.kind()) {
        case JsonbKind::kString:
            return write_escaped(value.text(), out, limit);
        case JsonbKind::kNumeric:
            return write_numeric(value.data(), out, limit);
        case JsonbKind::kBool:
            return put(value.is_true() ? "true" : "false", out, limit);
        default:
            return put("null", out, limit);
    }
}

inline char *write_key(const JsonbWalk &walk, char *out, char *limit) {
    out = write_escaped(walk.key(), out, limit);
    return out == nullptr ? nullptr : put(": ", out, limit);
}

inline char *open(const JsonbWalk &walk, char *out, char *limit) {
    return put(walk.is_object() ? "{" : "[", out, limit);
}

inline char *close(const JsonbWalk &walk, char *out, char *limit) {
    return put(walk.is_object() ? "}" : "]", out, limit);
}

char *write_container(JsonbRef container, char *out, char *limit) {
    OuterLevels outer;
    JsonbWalk walk(container);
    out = open(walk, out, limit);
    while (out != nullptr) {
        if (walk.done()) {
            out = close(walk, out, limit);
            if (outer.empty()) return out;
            walk = outer.pop(limit);
            continue;
        }
        if (!walk.first()) out = put(", ", out, limit);
        if (walk.is_object() && out != nullptr) out = write_key(walk, out, limit);
        if (out == nullptr) return nullptr;
        const JsonbRef value = walk.value();
        walk.next();
        if (value.is_container()) {
            if (!outer.push(walk, out, limit)) return nullptr;
            walk = JsonbWalk(value);
            out = open(walk, out, limit);
        } else {
            out = write_scalar(value, out, limit);
        }
    }
    return nullptr;
}

}  // namespace

char *write_jsonb(JsonbRef value, char *out, char *limit) noexcept {
    return value.is_container() ? write_container(value, out, limit)
                                : write_scalar(value, out, limit);
}

char *write_jsonb(const void *container, char *out, char *limit) noexcept {
    return write_jsonb(JsonbRef::root(container), out, limit);
}

char *write_jsonb_members(const void *container, std::span<const std::string_view> skip, char *out,
                          char *limit) noexcept {
    const JsonbRef object = JsonbRef::root(container);
    if (!object.is_object()) return out;
    const char *const start = out;
    for (JsonbWalk walk(object); !walk.done(); walk.next()) {
        if (std::ranges::find(skip, walk.key()) != skip.end()) continue;
        if (out != start) out = put(", ", out, limit);
        if (out != nullptr) out = write_key(walk, out, limit);
        if (out != nullptr) out = write_jsonb(walk.value(), out, limit);
        if (out == nullptr) return nullptr;
    }
    return out;
}

}  // namespace sm::core
