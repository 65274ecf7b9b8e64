// Which files and URIs an artifact names.
//
// A name is a text under the key `path`, `uri` or `url`, or under one that ends in `_path`, `_uri`
// or `_url`; or each text of an array under such a key. Looked at are the object and what lies in
// it, kDeepest levels deep.
#pragma once

#include <string_view>

#include "core/jsonb_layout.hpp"

namespace sm::core {

/// How deep names are looked for. What lies deeper is no artifact that anybody wrote by hand.
inline constexpr int kDeepest = 64;

/// Whether texts under a key name files.
bool names_a_file(std::string_view key) noexcept;

/// Calls `visit(name)` for each file that is named; a file may be named more than once. Empty texts
/// name none.
template <typename Visit>
void for_each_file(JsonbRef data, Visit &&visit) noexcept;

// --- implementation of the template ---

namespace detail {

/// `named`: texts in here stand under a key that names files.
template <typename Visit>
void visit_files(JsonbRef value, bool named, int depth, Visit &&visit) {
    if (value.is_string()) {
        if (named && !value.text().empty()) visit(value.text());
        return;
    }
    if (!value.is_container() || depth == kDeepest) return;
    for (JsonbWalk child(value); !child.done(); child.next())
        visit_files(child.value(), value.is_object() ? names_a_file(child.key()) : named, depth + 1,
                    visit);
}

}  // namespace detail

template <typename Visit>
void for_each_file(JsonbRef data, Visit &&visit) noexcept {
    detail::visit_files(data, false, 0, visit);
}

}  // namespace sm::core
