// A JSON text under construction, in memory of the server: the core writes into it, it grows.
#pragma once

#include <string_view>

#include "pg/postgres.hpp"

namespace sm::functions {

class JsonBuffer {
  public:
    /// Allocates in the current memory context; what grows stays in its context.
    explicit JsonBuffer(size_t room = 8000) {
        start_ = static_cast<char *>(palloc(VARHDRSZ + room));
        at_ = start_ + VARHDRSZ;
        limit_ = at_ + room;
    }

    /// `write(out, limit)` returns the end of what it wrote, or nullptr where that does not fit.
    template <typename Write>
    void write(Write &&write) {
        char *end;
        while ((end = write(at_, limit_)) == nullptr) grow();
        at_ = end;
    }

    void append(std::string_view literal) {
        while (limit_ - at_ < static_cast<ptrdiff_t>(literal.size())) grow();
        memcpy(at_, literal.data(), literal.size());
        at_ += literal.size();
    }

    /// Takes back what was written beyond `size`.
    void truncate(size_t size) { at_ = start_ + VARHDRSZ + size; }

    /// What has been written so far; valid until more is.
    std::string_view view() const { return {start_ + VARHDRSZ, size()}; }

    size_t size() const { return at_ - start_ - VARHDRSZ; }

    /// The whole as a datum of type json or text.
    Datum finish() {
        SET_VARSIZE(start_, at_ - start_);
        return PointerGetDatum(start_);
    }

  private:
    void grow() {
        const size_t room = limit_ - start_;
        const size_t used = at_ - start_;
        if (room >= MaxAllocSize / 2)
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("the result is too large"),
                    errhint("Ask for fewer interactions, or give a token budget."));
        start_ = static_cast<char *>(repalloc(start_, 2 * room));
        at_ = start_ + used;
        limit_ = start_ + 2 * room;
    }

    char *start_;
    char *at_;
    char *limit_;
};

}  // namespace sm::functions
