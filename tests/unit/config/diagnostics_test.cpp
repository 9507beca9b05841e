// SPDX-License-Identifier: MIT
#include "config/diagnostics.h"

#include <doctest/doctest.h>

#include <array>

using namespace landfall::config;

TEST_CASE("config/diagnostics: an error shows its line and a caret under its column") {
    diagnostics errors;
    errors.add({"pass.toml", "a = 1\n\tb = \"x\"\nc = 3\n"}, {2, 6}, "b: wrong");
    CHECK(errors.text() == "pass.toml:2:6: error: b: wrong\n"
                           "     b = \"x\"\n"
                           "         ^\n");
    CHECK(errors.failure().code == 78);
}

TEST_CASE("config/diagnostics: an error without a line has no caret") {
    diagnostics errors;
    errors.add("pass.toml", "no such file");
    CHECK(errors.text() == "pass.toml: error: no such file\n");
}

TEST_CASE("config/diagnostics: errors are sorted by position within their file") {
    diagnostics errors;
    const source_text first{"a", "\n\n\n"};
    const source_text second{"b", "\n\n\n"};
    errors.add(first, {3, 1}, "3");
    errors.add(second, {1, 1}, "4");
    errors.add(first, {1, 7}, "2");
    errors.add(first, {1, 2}, "1");
    errors.sort();
    std::string order;
    for (const diagnostic& one : errors.list())
        order += one.message;
    CHECK(order == "1234");
}

TEST_CASE("config/diagnostics: what is past the limit is counted") {
    diagnostics errors;
    for (std::size_t i = 0; i < diagnostics::limit + 3; ++i)
        errors.add("f", "e");
    CHECK(errors.list().size() == diagnostics::limit);
    CHECK(errors.text().ends_with("and 3 more errors\n"));
}

TEST_CASE("config/diagnostics: a very long line is shown around its error") {
    diagnostics errors;
    errors.add({"f", std::string(100'000, 'a') + "b" + std::string(100'000, 'c')}, {1, 100'001},
               "here");
    const std::string text = errors.text();
    CHECK(text.size() < 400);
    const auto lines = text.find("\n    ") + 5;
    const auto caret = text.find('^');
    const auto second = text.find("\n    ", lines) + 5;
    CHECK(text[lines + (caret - second)] == 'b');
}

TEST_CASE("config/diagnostics: nothing that a terminal obeys is shown") {
    CHECK(printable("a\x1b[31mb\x7f\tc") == "a?[31mb? c");
    CHECK(printable("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9B\xB0") ==
          "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9B\xB0");
    CHECK(printable("\xC3(\xFF\xE2\x82") == "?(???");
    CHECK(printable("\xC2\x9B\x31m") == "??1m");              // a C1 control
    CHECK(printable("a\xE2\x80\xAE b") == "a??? b");          // right-to-left override
    CHECK(printable("a\xE2\x80\x94 b") == "a\xE2\x80\x94 b"); // a dash
    CHECK(printable("abcdef", 3) == "abc...");
}

TEST_CASE("config/diagnostics: the nearest word is found within a third of its letters") {
    constexpr std::array<std::string_view, 4> known{"symbol_rate_hz", "roll_off", "rs", "rs_basis"};
    CHECK(nearest("symbol_rate", known) == "symbol_rate_hz");
    CHECK(nearest("simbol_rate_hz", known) == "symbol_rate_hz");
    CHECK(nearest("rolloff", known) == "roll_off");
    CHECK(nearest("orll_off", known) == "roll_off");
    CHECK(nearest("rs_bases", known) == "rs_basis");
    CHECK(nearest("sr", known) == "rs");
    CHECK(nearest("frequency", known).empty());
    CHECK(nearest("", known).empty());
    CHECK(nearest(std::string(10'000, 'a'), known).empty());
    CHECK(did_you_mean("rolloff", known) == "; did you mean 'roll_off'?");
}
