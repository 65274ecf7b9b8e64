// English plurals.
#include "core/plural.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sm::test {
namespace {

std::string plural_of(const std::string &name) {
    const core::Plural plural = core::plural(name);
    return name.substr(0, plural.kept).append(plural.ending);
}

TEST(Plural, OfEnglishWords) {
    const std::pair<const char *, const char *> words[] = {{"city", "cities"},
                                                           {"property_type", "property_types"},
                                                           {"amenities", "amenities"},
                                                           {"day", "days"},
                                                           {"box", "boxes"},
                                                           {"address", "addresses"},
                                                           {"status", "statuses"},
                                                           {"dish", "dishes"},
                                                           {"branch", "branches"},
                                                           {"hobby", "hobbies"},
                                                           {"person", "people"},
                                                           {"sales_person", "sales_people"},
                                                           {"salesperson", "salespersons"},
                                                           {"child", "children"},
                                                           {"data", "data"},
                                                           {"CITY", "CITies"},
                                                           {"y", "ys"},
                                                           {"", "s"},
                                                           {"café", "cafés"},
                                                           {"2y", "2ys"},
                                                           {"human", "humans"},
                                                           {"children", "children"}};
    for (const auto &[one, many] : words) EXPECT_EQ(plural_of(one), many) << one;
}

}  // namespace
}  // namespace sm::test
