// The window of a session that a model is shown, read and given to whoever writes it out.
//
// with_window             the newest interactions, within the limits
// with_summarized_window  the same, or the summary and everything after it
//
// A summary stands for all interactions up to its seq. Shown with it are exactly those after: none
// of them twice, none between missing but for what has expired or a cap has taken. So the window
// shrinks to where the summary ends, or grows back to there. Where that does not fit the token
// budget, or is further back than a few windows, the summary is left out.
#pragma once

#include "core/tokens.hpp"
#include "core/window.hpp"
#include "functions/entry.hpp"
#include "functions/interaction_json.hpp"
#include "settings.hpp"
#include "store/lifecycle.hpp"
#include "store/limits.hpp"

namespace sm::functions {

using store::StoredInteraction;

/// How many windows, or summary intervals, a window may grow to reach the summary.
inline constexpr int64 kReach = 4;

/// The arguments (session_id, max_interactions, max_tokens) that windows are asked for with.
struct WindowRequest {
    text *session_id;
    int32 max_interactions;
    std::optional<std::int64_t> max_tokens;
    core::Time now;

    explicit WindowRequest(FunctionCallInfo fcinfo) {
        const Arguments arguments(fcinfo);
        session_id = arguments.required_name(0, "session_id");
        max_interactions = arguments.required_limit(1, "max_interactions");
        if (const auto given = arguments.optional_limit(2, "max_tokens")) max_tokens = *given;
        now = store::statement_clock();
    }
};

/// Interactions as they come, newest first.
class Collection {
  public:
    void add(const StoredInteraction &interaction) {
        if (count_ == capacity_) {
            capacity_ = Max(2 * capacity_, 16);
            const size_t size = sizeof(StoredInteraction) * capacity_;
            items_ = static_cast<StoredInteraction *>(
                items_ == nullptr ? palloc(size) : repalloc_huge(items_, size));
        }
        items_[count_++] = interaction;
    }
    const StoredInteraction *items() const { return items_; }
    int count() const { return count_; }

  private:
    StoredInteraction *items_ = nullptr;
    int count_ = 0;
    int capacity_ = 0;
};

/// use(interactions, count), newest first; not called where nothing was asked for.
template <typename Use>
void with_window(FunctionCallInfo fcinfo, Use &&use) {
    const WindowRequest request(fcinfo);
    const pg::Extension &extension = enter(fcinfo);
    if (request.max_interactions == 0) return;

    core::Window window(request.max_interactions, request.max_tokens);
    Collection collection;
    store::SessionFacts facts;
    auto collect = [&](const StoredInteraction &interaction) {
        collection.add(interaction);
        window.show(ref(interaction), interaction.tokens);
        return window.wants_more();
    };
    auto finish = [&] { use(collection.items(), static_cast<int>(window.size())); };
    store::read_newest_first(
        extension, {request.session_id, request.now, PG_INT64_MAX, request.max_interactions},
        &facts, collect, finish);
    store::touch_by_read(extension, request.session_id, facts, request.now);
}

/// use(facts, summary or nullptr, interactions, count), newest first. The summary is the caller's
/// to keep.
template <typename Use>
void with_summarized_window(FunctionCallInfo fcinfo, Use &&use) {
    const WindowRequest request(fcinfo);
    const pg::Extension &extension = enter(fcinfo);
    MemoryContext caller = CurrentMemoryContext;

    core::Window window(request.max_interactions, request.max_tokens);
    Collection collection;
    store::SessionFacts facts;
    const int64 farthest =
        kReach * Max(int64{request.max_interactions}, int64{settings::summary_interval});
    int64 after_summary = 0;
    std::int64_t tokens_after = 0;
    bool reachable = true;  // the summary's end, within the limits
    auto collect = [&](const StoredInteraction &interaction) {
        if (request.max_interactions == 0) return false;
        collection.add(interaction);
        if (window.wants_more()) window.show(ref(interaction), interaction.tokens);
        if (interaction.seq <= facts.summary_seq || facts.summary_seq == 0)
            return window.wants_more();
        ++after_summary;
        tokens_after += interaction.tokens;
        reachable = after_summary <= farthest &&
                    (!request.max_tokens || tokens_after <= *request.max_tokens);
        return reachable || window.wants_more();
    };
    auto finish = [&] {
        const text *summary = nullptr;
        if (facts.alive && facts.summary_seq > 0 && reachable && request.max_interactions > 0) {
            const pg::Value stored = store::read_copy(extension, request.session_id,
                                                      store::DataColumn::kSummary, caller);
            if (!stored.null) summary = DatumGetTextPP(stored.datum);
        }
        if (summary != nullptr && request.max_tokens &&
            tokens_after + core::estimate_tokens(pg::view(summary)) > *request.max_tokens)
            summary = nullptr;
        if (summary != nullptr)
            use(facts, summary, collection.items(), static_cast<int>(after_summary));
        else
            use(facts, nullptr, collection.items(), static_cast<int>(window.size()));
    };
    store::read_newest_first(
        extension, {request.session_id, request.now, PG_INT64_MAX, request.max_interactions},
        &facts, collect, finish);
    store::touch_by_read(extension, request.session_id, facts, request.now);
}

}  // namespace sm::functions
