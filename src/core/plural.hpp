// English plurals, for names like preferred_cities.
#pragma once

#include <cstddef>
#include <string_view>

namespace sm::core {

/// A plural: so many bytes of the name, and an ending.
struct Plural {
    std::size_t kept;
    std::string_view ending;
};

/// The plural of a name whose last word counts: property_type → property_types. What looks like a
/// plural stays as it is. Known are ASCII letters, of both cases; after others comes an s.
Plural plural(std::string_view name) noexcept;

}  // namespace sm::core
