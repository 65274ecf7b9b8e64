// Which of a session's newest interactions make its context.
#include "core/window.hpp"

#include <algorithm>
#include <functional>

namespace sm::core {

void Window::show(JsonbRef interaction, std::uint32_t tokens) noexcept {
    ++shown_;
    if (!max_tokens_) {
        size_ = shown_;
        closed_ = shown_ >= max_interactions_;
        return;
    }
    tokens_ += tokens;
    follow_tools(interaction);

    const bool fits = shown_ <= max_interactions_ && tokens_ <= *max_tokens_;
    if (begins_turn(interaction)) {
        turn_begins();
        if (!turn_complete_) size_ = shown_;
        turn_complete_ = true;
    }
    if (fits && !splits_a_call()) size_ = shown_;
    closed_ = !fits && (turn_complete_ || shown_ >= kFarthest);
}

std::size_t Window::size() const noexcept {
    if (!max_tokens_ || size_ > 0) return size_;
    // No good place to begin was found: rather a result without its call than nothing.
    return std::min(shown_, std::max<std::size_t>(max_interactions_, 1));
}

void Window::follow_tools(JsonbRef interaction) noexcept {
    for_each_tool_call(interaction, [this](std::string_view id) { call_found(id); });
    for_each_tool_result(interaction, [this](std::string_view id) { await_call(id); });
}

void Window::await_call(std::string_view id) noexcept {
    if (open_count_ == open_.size()) {
        too_many_open_ = true;
        return;
    }
    open_[open_count_++] = {std::hash<std::string_view>()(id), false};
}

// Results come in any number for one call: all that wait for this id are settled.
void Window::call_found(std::string_view id) noexcept {
    const auto last = open_.begin() + open_count_;
    const std::uint64_t wanted = std::hash<std::string_view>()(id);
    open_count_ =
        std::remove_if(open_.begin(), last, [&](const OpenResult &r) { return r.id == wanted; }) -
        open_.begin();
}

// A result follows its call in the same turn, or, when the user broke in, in the next. One that is
// further from it has no call at all, and must not keep everything before it out of sight.
void Window::turn_begins() noexcept {
    const auto last = open_.begin() + open_count_;
    open_count_ =
        std::remove_if(open_.begin(), last, [](const OpenResult &r) { return r.from_later_turn; }) -
        open_.begin();
    for (std::size_t i = 0; i < open_count_; ++i) open_[i].from_later_turn = true;
    too_many_open_ = false;
}

}  // namespace sm::core
