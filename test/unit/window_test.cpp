// Which interactions make a context: by number, by budget, never between a call and its result.
#include "core/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

using core::JsonbRef;
using core::Window;

struct Interaction {
    Doc doc;
    std::uint32_t tokens = 10;
};

using Session = std::vector<Interaction>;  // oldest first

Doc message(std::string_view role) {
    return object({{"role", string(role)}});
}
Doc exchange() {
    return object({{"query", string("q")}, {"answer", string("a")}});
}
Doc calls(std::vector<std::string> ids) {
    std::vector<Doc> list;
    for (const std::string &id : ids) list.push_back(object({{"id", string(id)}}));
    return object({{"role", string("assistant")}, {"tool_calls", array(std::move(list))}});
}
Doc result(std::string_view id) {
    return object({{"role", string("tool")}, {"tool_call_id", string(id)}});
}
Doc blocks(std::string_view role, std::string_view type, std::string_view key,
           std::vector<std::string> ids) {
    std::vector<Doc> list;
    for (const std::string &id : ids)
        list.push_back(object({{"type", string(type)}, {std::string(key), string(id)}}));
    return object({{"role", string(role)}, {"content", array(std::move(list))}});
}

std::size_t window_of(const Session &session, std::size_t most,
                      std::optional<std::int64_t> budget) {
    Window window(most, budget);
    for (auto newest = session.rbegin(); newest != session.rend() && window.wants_more();
         ++newest) {
        const Container container(newest->doc);
        window.show(JsonbRef::root(container.get()), newest->tokens);
    }
    return window.size();
}

TEST(Window, OfNothingIsEmpty) {
    EXPECT_EQ(window_of({}, 5, std::nullopt), 0u);
    EXPECT_EQ(window_of({}, 5, 100), 0u);
    EXPECT_TRUE(Window(5, std::nullopt).wants_more());
    EXPECT_TRUE(Window(5, 0).wants_more());
}

TEST(Window, ByNumber) {
    const Session session(7, {message("assistant")});
    for (std::size_t most = 1; most <= 10; ++most) {
        EXPECT_EQ(window_of(session, most, std::nullopt), std::min<std::size_t>(most, 7));
    }
}

TEST(Window, ByNumberAsksForNoMoreThanThat) {
    Window window(3, std::nullopt);
    const Container container(exchange());
    for (int shown = 0; shown < 3; ++shown) {
        EXPECT_TRUE(window.wants_more());
        window.show(JsonbRef::root(container.get()), 1);
    }
    EXPECT_FALSE(window.wants_more());
}

TEST(Window, ByBudget) {
    const Session session(4, {exchange()});
    const std::pair<std::int64_t, std::size_t> sizes[] = {
        {0, 1}, {9, 1}, {10, 1}, {19, 1}, {20, 2}, {29, 2}, {30, 3}, {39, 3}, {40, 4}, {1000, 4}};
    for (const auto &[budget, size] : sizes)
        EXPECT_EQ(window_of(session, 10, budget), size) << budget;
    EXPECT_EQ(window_of(session, 2, 1000), 2u);
}

TEST(Window, ByBudgetAsksForNoMoreThanItNeeds) {
    Window window(100, 25);
    const Container container(exchange());
    int shown = 0;
    for (; window.wants_more(); ++shown) window.show(JsonbRef::root(container.get()), 10);
    EXPECT_EQ(shown, 3);
    EXPECT_EQ(window.size(), 2u);
}

TEST(Window, TokensAddUpBeyondAnInt) {
    const Session session(5, {exchange(), 2147483647});
    EXPECT_EQ(window_of(session, 10, std::int64_t{2147483647}), 1u);
    EXPECT_EQ(window_of(session, 10, 3 * std::int64_t{2147483647}), 3u);
}

TEST(Window, HoldsTheNewestTurnWhateverItCosts) {
    const Session session = {{message("user")},
                             {message("assistant")},
                             {message("user")},
                             {message("assistant")},
                             {message("assistant")}};
    for (const std::int64_t budget : {0, 10, 29, 30, 39})
        EXPECT_EQ(window_of(session, 10, budget), 3u) << budget;
    EXPECT_EQ(window_of(session, 10, 40), 4u);
    EXPECT_EQ(window_of(session, 10, 50), 5u);
    EXPECT_EQ(window_of(session, 1, 0), 3u);
    EXPECT_EQ(window_of(session, 1, 1000), 3u);
}

TEST(Window, KeepsResultsWithTheirCalls) {
    const Session session = {{message("user")}, {calls({"a", "b"})},    {result("a")},
                             {result("b")},     {message("assistant")}, {exchange()}};
    EXPECT_EQ(window_of(session, 10, 10), 1u);
    EXPECT_EQ(window_of(session, 10, 20), 2u);
    EXPECT_EQ(window_of(session, 10, 30), 2u);
    EXPECT_EQ(window_of(session, 10, 40), 2u);
    EXPECT_EQ(window_of(session, 10, 50), 5u);
    EXPECT_EQ(window_of(session, 10, 60), 6u);
    EXPECT_EQ(window_of(session, 4, 60), 2u);
}

TEST(Window, KeepsAnthropicsResultsWithTheirCalls) {
    const Session session = {{message("user")},
                             {blocks("assistant", "tool_use", "id", {"a", "b"})},
                             {blocks("user", "tool_result", "tool_use_id", {"b", "a"})},
                             {message("assistant")},
                             {exchange()}};
    EXPECT_EQ(window_of(session, 10, 20), 2u);
    EXPECT_EQ(window_of(session, 10, 30), 2u);
    EXPECT_EQ(window_of(session, 10, 40), 4u);
    EXPECT_EQ(window_of(session, 10, 50), 5u);
}

TEST(Window, SeveralResultsMayAnswerOneCall) {
    const Session session = {
        {message("user")}, {calls({"a"})}, {result("a")}, {result("a")}, {exchange()}};
    EXPECT_EQ(window_of(session, 10, 39), 1u);
    EXPECT_EQ(window_of(session, 10, 40), 4u);
}

TEST(Window, CallsWithoutResultsAreNoHindrance) {
    const Session session = {{message("user")}, {calls({"a"})}, {message("user")}, {calls({"b"})}};
    EXPECT_EQ(window_of(session, 10, 0), 2u);
    EXPECT_EQ(window_of(session, 10, 30), 3u);
    EXPECT_EQ(window_of(session, 10, 40), 4u);
}

TEST(Window, NeverEmptyWhereThereIsSomething) {
    const Session orphans(5, {result("gone")});
    for (const std::int64_t budget : {0, 10, 1000}) EXPECT_GT(window_of(orphans, 3, budget), 0u);
    const Session no_user(5, {message("assistant")});
    for (const std::int64_t budget : {0, 10, 1000}) EXPECT_GT(window_of(no_user, 3, budget), 0u);
}

TEST(Window, DoesNotSearchForEver) {
    Window window(10, 0);
    const Container container(message("assistant"));
    std::size_t shown = 0;
    for (; window.wants_more() && shown < 100'000; ++shown)
        window.show(JsonbRef::root(container.get()), 1);
    EXPECT_EQ(shown, Window::kFarthest);
}

// --- against the definition, on conversations made up at random ---------------------------------

Session random_session(std::mt19937 &random, int turns) {
    Session session;
    int id = 0;
    const auto add = [&](Doc doc) {
        session.push_back({std::move(doc), static_cast<std::uint32_t>(random() % 20)});
    };
    for (int turn = 0; turn < turns; ++turn) {
        if (random() % 4 == 0) {
            add(exchange());
            continue;
        }
        add(message("user"));
        for (int step = random() % 4; step > 0; --step) {
            std::vector<std::string> ids;
            for (int n = random() % 3 + 1; n > 0; --n) ids.push_back("id" + std::to_string(id++));
            if (random() % 2 == 0) {
                add(calls(ids));
                for (const std::string &each : ids) add(result(each));
            } else {
                add(blocks("assistant", "tool_use", "id", ids));
                add(blocks("user", "tool_result", "tool_use_id", ids));
            }
        }
        if (random() % 4 != 0) add(message("assistant"));
    }
    return session;
}

// Whether every result among the newest `size` has its call among them, and the size of the newest
// turn.
bool is_whole(const Session &session, std::size_t size) {
    std::vector<std::string> open;
    for (std::size_t back = 1; back <= size; ++back) {
        const Container container(session[session.size() - back].doc);
        const JsonbRef interaction = JsonbRef::root(container.get());
        core::for_each_tool_call(interaction, [&](std::string_view id) { std::erase(open, id); });
        core::for_each_tool_result(interaction,
                                   [&](std::string_view id) { open.emplace_back(id); });
    }
    return open.empty();
}

std::size_t newest_turn(const Session &session) {
    for (std::size_t size = 1; size <= session.size(); ++size) {
        const Container container(session[session.size() - size].doc);
        if (core::begins_turn(JsonbRef::root(container.get()))) return size;
    }
    return session.size();
}

TEST(Window, IsTheLargestThatIsWholeAndFits) {
    std::mt19937 random(20260131);
    for (int round = 0; round < 300; ++round) {
        const Session session = random_session(random, 1 + random() % 6);
        const std::size_t most = 1 + random() % (session.size() + 2);
        for (std::int64_t budget = 0; budget < 250; budget += 1 + random() % 25) {
            std::size_t wanted = newest_turn(session);
            std::int64_t tokens = 0;
            for (std::size_t size = 1; size <= std::min(most, session.size()); ++size) {
                tokens += session[session.size() - size].tokens;
                if (tokens <= budget && size > wanted && is_whole(session, size)) wanted = size;
            }
            ASSERT_EQ(window_of(session, most, budget), wanted)
                << "round " << round << " most " << most << " budget " << budget;
        }
    }
}

}  // namespace
}  // namespace sm::test
