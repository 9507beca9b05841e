// SPDX-License-Identifier: MIT
#include "app/style.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace landfall::app;

TEST_CASE("app/style: colours only where there are colours") {
    CHECK(style(true, true).paint(colour::red, "x") == "\x1b[31mx\x1b[0m");
    CHECK(style(true, false).paint(colour::red, "x") == "x");
    CHECK(style(true, true).paint(colour::none, "x") == "x");
    CHECK(style(true, true).paint(colour::red, "") == "");
}

TEST_CASE("app/style: text is cut by characters, not octets") {
    CHECK(characters("Grüße") == 5);
    CHECK(fit("Grüße", 5) == "Grüße");
    CHECK(fit("Grüße", 4) == "Grü…");
    CHECK(fit("Grüße", 1) == "…");
    CHECK(fit("Grüße", 0) == "");
    CHECK(fit("", 0) == "");
}

TEST_CASE("app/style: the progress line has its fraction brought to 0..1 and fits its columns") {
    CHECK(progress_line(0.0, "x", 80).starts_with("[>"));
    CHECK(progress_line(0.5, "x", 80).find(" 50 % x") != std::string::npos);
    CHECK(progress_line(1.0, "x", 80).find("=] 100 % x") != std::string::npos);
    CHECK(progress_line(7.0, "x", 80) == progress_line(1.0, "x", 80));
    CHECK(progress_line(-7.0, "x", 80) == progress_line(0.0, "x", 80));
    CHECK(progress_line(std::numeric_limits<double>::quiet_NaN(), "x", 80) ==
          progress_line(0.0, "x", 80));
    for (unsigned columns = 0; columns < 100; ++columns) {
        CHECK(characters(progress_line(0.3, "a carrier and what there is to say", columns)) <=
              columns);
    }
}

TEST_CASE("app/style: one thing is not many, and nothing has no sign") {
    CHECK(counted(0, "carrier") == "0 carriers");
    CHECK(counted(1, "carrier") == "1 carrier");
    CHECK(counted(2, "carrier") == "2 carriers");
    CHECK(!std::signbit(rounded(-0.4, 0)));
    CHECK(rounded(-0.6, 0) == -1.0);
    CHECK(!std::signbit(rounded(-0.04, 1)));
    CHECK(rounded(1.26, 1) == 1.3);
}
