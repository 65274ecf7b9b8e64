// Which of a session's newest interactions make its context.
//
// Without a token budget the window is the newest `max_interactions`. With one it also
//  * stays within the budget, counted from the newest,
//  * never begins between a tool call and its result: a model refuses a result without its call,
//  * holds at least the newest turn, whatever that costs: a model cannot answer half a question.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/interaction.hpp"

namespace sm::core {

class Window {
  public:
    /// A turn longer than this, or a result whose call is further away, is not looked for to its
    /// end.
    static constexpr std::size_t kFarthest = 1000;

    Window(std::size_t max_interactions, std::optional<std::int64_t> max_tokens) noexcept
        : max_interactions_(max_interactions), max_tokens_(max_tokens) {}

    /// Whether the next older interaction is of interest.
    bool wants_more() const noexcept { return !closed_; }

    /// Shows the window the next older interaction; the first one shown is the newest.
    void show(JsonbRef interaction, std::uint32_t tokens) noexcept;

    /// How many of the newest interactions are in the window. Final once all were shown, or no more
    /// are wanted.
    std::size_t size() const noexcept;

  private:
    void follow_tools(JsonbRef interaction) noexcept;
    void await_call(std::string_view id) noexcept;
    void call_found(std::string_view id) noexcept;
    void turn_begins() noexcept;
    bool splits_a_call() const noexcept { return open_count_ > 0 || too_many_open_; }

    std::size_t max_interactions_;
    std::optional<std::int64_t> max_tokens_;
    std::size_t shown_ = 0;
    std::size_t size_ = 0;  // the largest good window so far
    std::int64_t tokens_ = 0;
    bool turn_complete_ = false;
    bool closed_ = false;

    // A result in the window whose call has not been seen yet, by a hash of its id.
    struct OpenResult {
        std::uint64_t id;
        bool from_later_turn;
    };
    std::array<OpenResult, 128> open_{};
    std::size_t open_count_ = 0;
    bool too_many_open_ = false;
};

}  // namespace sm::core
