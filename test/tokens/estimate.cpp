// Prints what the token estimator makes of texts, for measure.sh.
//   estimate          reads texts from stdin, each as "<bytes>\n<text>\n"; prints an estimate a
//   line estimate --tally  the same, but prints what was counted, under a line of names; for the
//   fit estimate --speed  reads one text from stdin and prints the estimator's MB/s on it
#include <chrono>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>

#include "core/tokens.cpp"  // not the header: the tally is private

namespace {

const char *const kTongueNames[] = {
    "English",    "Romance", "VowelFinal", "German", "EnFinal", "Nordic", "Eastern",
    "Vietnamese", "Russian", "Cyrillic",   "Greek",  "Hebrew",  "Arabic", "Devanagari",
    "Indic",      "Thai",    "Hangul",     "Kana",   "Chinese", "Kanji",  "OtherLetter"};
const char *const kExtraNames[] = {"Capitalised", "CapitalBeyond3", "AllCapitals", "AllCapBeyond3",
                                   "Glued",       "GluedBeyond3",   "Bare",        "BareBeyond3",
                                   "BlobLetter",  "Digits",         "Punctuation", "Change",
                                   "Whitespace",  "Symbol",         "Pictograph",  "Invalid"};
static_assert(std::size(kTongueNames) == sm::core::tokens::kTongues);
static_assert(std::size(kExtraNames) == sm::core::tokens::kExtras);

void print_names() {
    for (const char *tongue : kTongueNames) {
        for (const char *what : {"words", "middle", "rest", "accented"}) {
            std::cout << tongue << '.' << what << ' ';
        }
    }
    for (const char *extra : kExtraNames) std::cout << extra << ' ';
    std::cout << '\n';
}

void print_tally(std::string_view text) {
    const auto tally = sm::core::tally_of(text);
    for (const auto &w : tally.words) {
        std::cout << w.words << ' ' << w.middle << ' ' << w.rest << ' ' << w.accented << ' ';
    }
    for (const auto extra : tally.extras) std::cout << extra << ' ';
    std::cout << '\n';
}

void print_speed(std::string_view text) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    std::uint64_t sum = 0;
    for (int round = 0; round < 20; ++round) {
        const auto start = Clock::now();
        sum += sm::core::estimate_tokens(text);
        best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    }
    std::cout << static_cast<int>(static_cast<double>(text.size()) / best / 1e6) << " MB/s ("
              << text.size() << " bytes, " << sum / 20 << " tokens)\n";
}

}  // namespace

int main(int argc, char **argv) {
    std::ios::sync_with_stdio(false);
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "--speed") {
        const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
        print_speed(text);
        return 0;
    }
    if (mode == "--tally") print_names();
    std::size_t bytes = 0;
    std::string text;
    while (std::cin >> bytes) {
        std::cin.get();
        text.resize(bytes);
        std::cin.read(text.data(), static_cast<std::streamsize>(bytes));
        if (mode == "--tally") {
            print_tally(text);
        } else {
            std::cout << sm::core::estimate_tokens(text) << '\n';
        }
    }
}
