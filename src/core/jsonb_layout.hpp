// How the server stores a jsonb value, and reading one where it lies.
//
// A *container* is an array or an object: a header word, one *entry* word for each child, then the
// children's data without gaps. The format is PostgreSQL's own and the same in 15 to 18.
//
//   header  bits 0-27 number of elements or pairs; 28 bare scalar; 29 object; 30 array
//   entry   bits 0-27 a length, or an end offset where bit 31 is set; 28-30 the type
//
// An object's entries are first all its keys, sorted by length and then bytewise, then the values
// in the order of the keys. Most entries hold the length of their data; now and then (every 32nd)
// one holds instead where its data ends, counted from the end of the entries, so that finding any
// place takes at most 31 steps back. The data of a numeric or of a container starts at the next
// multiple of four, and the bytes skipped count as part of its length. A single value that is
// neither array nor object is stored as an array of one element, marked as a bare scalar.
//
// All words are read by memcpy, and the multiples of four count from the container, so a container
// may lie at any address: a value can be read straight from a table's page.
// Containers are trusted to come from the server. A damaged one may be read beyond its end, yet a
// child always lies behind its parent, so no walk runs forever.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/numeric_text.hpp"

namespace sm::core {

enum class JsonbKind : std::uint8_t { kAbsent, kNull, kBool, kNumeric, kString, kArray, kObject };

// One container: a pointer to it, and its header word.
class StoredContainer {
  public:
    StoredContainer() = default;
    explicit StoredContainer(const void *container)
        : start_(static_cast<const char *>(container)), header_(word(0)) {}

    std::uint32_t count() const { return header_ & 0x0FFFFFFF; }
    bool is_scalar() const { return (header_ & 0x10000000) != 0; }
    bool is_object() const { return (header_ & 0x20000000) != 0; }
    std::uint32_t entries() const { return is_object() ? 2 * count() : count(); }
    const char *start() const { return start_; }
    const char *data() const { return start_ + 4 + 4 * std::size_t{entries()}; }

    std::uint32_t entry(std::uint32_t index) const { return word(1 + std::size_t{index}); }

    // Where the data of an entry starts, counted from data().
    std::uint32_t start_of(std::uint32_t index) const {
        std::uint32_t offset = 0;
        while (index > 0) {
            const std::uint32_t before = entry(--index);
            offset += before & 0x0FFFFFFF;
            if ((before & 0x80000000) != 0) break;
        }
        return offset;
    }

    // Where the data of an entry ends that starts at `start`; never before it.
    static std::uint32_t end_of(std::uint32_t entry, std::uint32_t start) {
        const std::uint32_t field = entry & 0x0FFFFFFF;
        if ((entry & 0x80000000) == 0) return start + field;
        return field > start ? field : start;
    }

  private:
    std::uint32_t word(std::size_t index) const {
        std::uint32_t value;
        std::memcpy(&value, start_ + 4 * index, sizeof value);
        return value;
    }

    const char *start_ = nullptr;
    std::uint32_t header_ = 0;
};

// One stored value, of any kind, or the absence of one. It points into the container and is as
// cheap to copy as a string_view. Asking a value for what it is not gives nothing: the text of a
// number is empty, the element of a string is absent.
class JsonbRef {
  public:
    JsonbRef() = default;
    // The value that a root container stands for: itself, or the bare scalar in it.
    static JsonbRef root(const void *container) {
        const StoredContainer root(container);
        if (root.is_scalar()) return at(root, 0, 0);
        return of_container(container);
    }

    JsonbKind kind() const { return kind_; }
    explicit operator bool() const { return kind_ != JsonbKind::kAbsent; }
    bool is_string() const { return kind_ == JsonbKind::kString; }
    bool is_array() const { return kind_ == JsonbKind::kArray; }
    bool is_object() const { return kind_ == JsonbKind::kObject; }
    bool is_container() const { return kind_ >= JsonbKind::kArray; }
    bool is_true() const { return kind_ == JsonbKind::kBool && size_ != 0; }
    std::string_view text() const {
        return is_string() ? std::string_view(data_, size_) : std::string_view();
    }
    // The value of a whole number from 0 to 2^63 - 1.
    std::optional<std::int64_t> count() const {
        if (kind_ != JsonbKind::kNumeric) return std::nullopt;
        return numeric_to_count(data_);
    }
    // The stored numeric, or the container, itself.
    const void *data() const { return data_; }

    // Elements of an array, pairs of an object.
    std::uint32_t size() const { return is_container() ? StoredContainer(data_).count() : 0; }
    JsonbRef element(std::uint32_t index) const {
        if (!is_array()) return {};
        const StoredContainer array(data_);
        return index < array.count() ? at(array, index, array.start_of(index)) : JsonbRef();
    }
    // The value of a key of an object.
    JsonbRef find(std::string_view key) const;

  private:
    friend class JsonbWalk;

    JsonbRef(JsonbKind kind, const char *data, std::uint32_t size)
        : data_(data), size_(size), kind_(kind) {}

    static JsonbRef of_container(const void *container) {
        const bool object = StoredContainer(container).is_object();
        return {object ? JsonbKind::kObject : JsonbKind::kArray,
                static_cast<const char *>(container), 0};
    }

    // The child of a container whose data starts at `start`.
    static JsonbRef at(const StoredContainer &parent, std::uint32_t index, std::uint32_t start) {
        const std::uint32_t entry = parent.entry(index);
        const char *aligned = parent.data() + ((std::size_t{start} + 3) & ~std::size_t{3});
        switch (entry & 0x70000000) {
            case 0x00000000:
                return {JsonbKind::kString, parent.data() + start,
                        StoredContainer::end_of(entry, start) - start};
            case 0x10000000:
                return {JsonbKind::kNumeric, aligned, 0};
            case 0x20000000:
                return {JsonbKind::kBool, nullptr, 0};
            case 0x30000000:
                return {JsonbKind::kBool, nullptr, 1};
            case 0x50000000:
                return of_container(aligned);
            default:
                return {JsonbKind::kNull, nullptr, 0};
        }
    }

    const char *data_ = nullptr;
    std::uint32_t size_ = 0;
    JsonbKind kind_ = JsonbKind::kAbsent;
};

// Goes through the children of a container in their stored order, each step in constant time.
//
//   for (JsonbWalk walk(value); !walk.done(); walk.next()) use(walk.key(), walk.value());
class JsonbWalk {
  public:
    JsonbWalk() = default;
    // A value that is neither array nor object has no children: the walk is done at once.
    explicit JsonbWalk(JsonbRef value) {
        if (!value.is_container()) return;
        container_ = StoredContainer(value.data());
        if (is_object()) value_start_ = container_.start_of(container_.count());
    }

    bool is_object() const { return container_.is_object(); }
    bool done() const { return index_ == container_.count(); }
    bool first() const { return index_ == 0; }
    void next() {
        if (is_object()) key_start_ = StoredContainer::end_of(container_.entry(index_), key_start_);
        value_start_ = StoredContainer::end_of(container_.entry(value_index()), value_start_);
        ++index_;
    }

    // Of an object only.
    std::string_view key() const {
        const std::uint32_t end = StoredContainer::end_of(container_.entry(index_), key_start_);
        return {container_.data() + key_start_, end - key_start_};
    }
    JsonbRef value() const { return JsonbRef::at(container_, value_index(), value_start_); }

  private:
    std::uint32_t value_index() const { return is_object() ? container_.count() + index_ : index_; }

    StoredContainer container_;
    std::uint32_t index_ = 0;
    std::uint32_t key_start_ = 0;
    std::uint32_t value_start_ = 0;
};

// The order of keys in an object.
inline std::strong_ordering compare_keys(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

// Halves the range while it is wide, then reads on key by key: most objects have a handful.
inline JsonbRef JsonbRef::find(std::string_view wanted) const {
    constexpr std::uint32_t kFewKeys = 16;
    if (!is_object()) return {};
    const StoredContainer object(data_);
    const auto key_at = [&](std::uint32_t index, std::uint32_t start) {
        return std::string_view(object.data() + start,
                                StoredContainer::end_of(object.entry(index), start) - start);
    };
    std::uint32_t low = 0;
    std::uint32_t high = object.count();
    while (high - low > kFewKeys) {
        const std::uint32_t middle = low + (high - low) / 2;
        const bool right = compare_keys(key_at(middle, object.start_of(middle)), wanted) <= 0;
        (right ? low : high) = middle;
    }
    std::uint32_t start = object.start_of(low);
    for (; low < high; ++low) {
        const std::string_view key = key_at(low, start);
        if (key.size() > wanted.size()) break;
        if (key == wanted) {
            const std::uint32_t value = object.count() + low;
            return at(object, value, object.start_of(value));
        }
        start += static_cast<std::uint32_t>(key.size());
    }
    return {};
}

}  // namespace sm::core
