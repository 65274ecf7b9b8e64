// Which files and URIs an artifact names.
#include "core/files.hpp"

namespace sm::core {

bool names_a_file(std::string_view key) noexcept {
    for (std::string_view word : {"path", "uri", "url"})
        if (key == word || (key.size() > word.size() && key.ends_with(word) &&
                            key[key.size() - word.size() - 1] == '_'))
            return true;
    return false;
}

}  // namespace sm::core
