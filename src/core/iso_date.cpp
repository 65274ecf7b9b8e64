// Calendar dates in texts.
#include "core/iso_date.hpp"

namespace sm::core {
namespace {

// Takes a text apart from left to right. A step that does not fit says so and takes nothing.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool done() const { return rest_.empty(); }

    bool character(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    // Exactly so many digits.
    bool number(int digits, int *value) {
        if (rest_.size() < static_cast<std::size_t>(digits)) return false;
        int result = 0;
        for (int i = 0; i < digits; ++i) {
            if (!is_digit(rest_[i])) return false;
            result = 10 * result + (rest_[i] - '0');
        }
        rest_.remove_prefix(digits);
        *value = result;
        return true;
    }

    void digits() {
        while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
    }

    // hh:mm or hhmm, with `last` the last hour of all.
    bool hours_and_minutes(int last) {
        int hour = 0;
        int minute = 0;
        if (!number(2, &hour) || hour > last) return false;
        const bool separated = character(':');
        return (number(2, &minute) && minute < 60) || !separated;
    }

  private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    std::string_view rest_;
};

bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool exists(int year, int month, int day) {
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1) return false;
    return day <= kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Days since 0000-03-01: years begin in March, so that the leap day comes last.
std::int64_t day_number(int year, int month, int day) {
    const std::int64_t years = year - (month <= 2 ? 1 : 0);
    const int months = (month + 9) % 12;
    return 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1;
}

// Behind the date: nothing, or a time of day with or without an offset.
bool time_of_day(Scanner *scanner) {
    if (scanner->done()) return true;
    if (!scanner->character('T') && !scanner->character('t') && !scanner->character(' '))
        return false;
    int seconds = 0;
    if (!scanner->hours_and_minutes(23)) return false;
    const bool separated = scanner->character(':');
    if (scanner->number(2, &seconds)) {
        if (seconds > 60) return false;  // 60: a leap second
        if (scanner->character('.') || scanner->character(',')) scanner->digits();
    } else if (separated) {
        return false;
    }
    if (scanner->character('Z') || scanner->character('z')) return scanner->done();
    scanner->character(' ');
    if (scanner->character('+') || scanner->character('-'))
        return scanner->hours_and_minutes(15) && scanner->done();
    return scanner->done();
}

}  // namespace

DateText read_date(std::string_view text) noexcept {
    Scanner scanner(text);
    int year = 0;
    int month = 0;
    int day = 0;
    if (!scanner.number(4, &year)) return {};
    const bool separated = scanner.character('-');
    if (!scanner.number(2, &month)) return {};
    if (separated && !scanner.character('-')) return {};
    if (!scanner.number(2, &day)) return {};
    const bool right = exists(year, month, day) && time_of_day(&scanner);
    // Without separators it may as well be a number of something else.
    if (!right) return {separated ? DateKind::kBad : DateKind::kNone};
    return {DateKind::kDate, month, day_number(year, month, day)};
}

}  // namespace sm::core
