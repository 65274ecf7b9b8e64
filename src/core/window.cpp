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
    const bool first_turn = !turn_complete_;
    if (!splits_a_call()) {
        if (first_turn && begins_turn(interaction)) {
            turn_complete_ = true;
            size_ = shown_;
        } else if (fits) {
            size_ = shown_;
        }
    }
    closed_ = (turn_complete_ && !fits) || (!fits && shown_ >= kFarthest);
}

std::size_t Window::size() const noexcept {
    if (!max_tokens_ || size_ > 0) return size_;
    // No good place to begin was found: rather a result without its call than nothing.
    return std::min(shown_, std::max<std::size_t>(max_interactions_, 1));
}

void Window::follow_tools(JsonbRef interaction) noexcept {
    for_each_tool_call(interaction, [this](std::string_view id) { call_found(id); });
    for_each_tool_result(interaction, [this](std::string_view id) { answer_wanted(id); });
}

void Window::answer_wanted(std::string_view id) noexcept {
    if (open_count_ == open_.size()) {
        too_many_open_ = true;
        return;
    }
    open_[open_count_++] = std::hash<std::string_view>()(id);
}

// Results come in any number for one call: all that wait for this id are settled.
void Window::call_found(std::string_view id) noexcept {
    const auto last = open_.begin() + open_count_;
    open_count_ =
        std::remove(open_.begin(), last, std::hash<std::string_view>()(id)) - open_.begin();
}

}  // namespace sm::core
