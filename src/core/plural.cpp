// English plurals.
#include "core/plural.hpp"

#include <utility>

namespace sm::core {
namespace {

constexpr std::pair<std::string_view, std::string_view> kIrregular[] = {
    {"person", "people"}, {"child", "children"}, {"woman", "women"},   {"man", "men"},
    {"data", "data"},     {"media", "media"},    {"people", "people"}, {"children", "children"},
};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

bool is_vowel(char c) {
    return std::string_view("aeiou").find(lower(c)) != std::string_view::npos;
}

bool ends_with(std::string_view name, std::string_view end) {
    if (name.size() < end.size()) return false;
    for (std::size_t i = 0; i < end.size(); ++i)
        if (lower(name[name.size() - end.size() + i]) != end[i]) return false;
    return true;
}

bool ends_with_word(std::string_view name, std::string_view word) {
    return ends_with(name, word) &&
           (name.size() == word.size() || !is_letter(name[name.size() - word.size() - 1]));
}

}  // namespace

Plural plural(std::string_view name) noexcept {
    for (const auto &[one, many] : kIrregular)
        if (ends_with_word(name, one)) return {name.size() - one.size(), many};
    const bool sibilant = ends_with(name, "ss") || ends_with(name, "us") || ends_with(name, "x") ||
                          ends_with(name, "z") || ends_with(name, "ch") || ends_with(name, "sh");
    if (sibilant) return {name.size(), "es"};
    if (ends_with(name, "s")) return {name.size(), ""};
    if (ends_with(name, "y") && name.size() > 1 && is_letter(name[name.size() - 2]) &&
        !is_vowel(name[name.size() - 2]))
        return {name.size() - 1, "ies"};
    return {name.size(), "s"};
}

}  // namespace sm::core
