// SPDX-License-Identifier: MIT
#include "control/log.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <memory>
#include <regex>
#include <string>

using namespace landfall;
using control::log_form;
using control::log_level;

namespace {

struct close_file {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using file = std::unique_ptr<std::FILE, close_file>;

std::string content(std::FILE* of) {
    std::fflush(of);
    std::rewind(of);
    std::string text;
    for (int c = std::fgetc(of); c != EOF; c = std::fgetc(of)) {
        text += static_cast<char>(c);
    }
    return text;
}

} // namespace

TEST_CASE("control/log: the journal gets priorities and no times") {
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::journal, log_level::debug);
    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");
    CHECK(content(out.get()) == "<7>a\n<6>b\n<4>c\n<3>d\n");
}

TEST_CASE("control/log: lines below the level are not written") {
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::journal, log_level::warning);
    log.info("quiet");
    log.warning("loud");
    CHECK(content(out.get()) == "<4>loud\n");
}

TEST_CASE("control/log: plain lines have a time in UTC and a level, and no colours") {
    setenv("TZ", "XXX-7", 1); // seven hours ahead
    tzset();
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::plain, log_level::info);
    log.info("ready");
    unsetenv("TZ");
    tzset();
    const std::string line = content(out.get());
    CHECK(std::regex_match(line,
                           std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info ready\n)")));
    std::tm written{};
    REQUIRE(strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &written) != nullptr);
    CHECK(std::abs(std::difftime(timegm(&written), std::time(nullptr))) < 3600);
}

TEST_CASE("control/log: terminals get the level in colour") {
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::coloured, log_level::info);
    log.error("broken");
    const std::string text = content(out.get());
    CHECK(text.find("\x1b[") != std::string::npos);
    CHECK(text.ends_with(" broken\n"));
}

TEST_CASE("control/log: texts of several lines keep their level, control characters do no harm") {
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::journal, log_level::info);
    log.error("one\ntwo\x1b[2J\r\n");
    CHECK(content(out.get()) == "<3>one\n<3>two\\x1b[2J\\x0d\n");
    log.error("{} %s");
    CHECK(content(out.get()).ends_with("<3>{} %s\n"));
}

TEST_CASE("control/log: levels by name") {
    for (const auto level :
         {log_level::debug, log_level::info, log_level::warning, log_level::error}) {
        CHECK(control::log_level_named(name(level)) == level);
    }
    CHECK(!control::log_level_named("loud"));
}

TEST_CASE("control/log: the form is the journal's only for the stream that it names") {
    const file out(std::tmpfile());
    struct stat is{};
    REQUIRE(fstat(fileno(out.get()), &is) == 0);
    const std::string named = std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino);
    REQUIRE(setenv("JOURNAL_STREAM", named.c_str(), 1) == 0);
    CHECK(control::log_form_of(out.get()) == log_form::journal);
    const file other(std::tmpfile());
    CHECK(control::log_form_of(other.get()) == log_form::plain);
    REQUIRE(setenv("JOURNAL_STREAM", "nonsense", 1) == 0);
    CHECK(control::log_form_of(out.get()) == log_form::plain);
    unsetenv("JOURNAL_STREAM");
}

TEST_CASE("control/log: a place that writes often is held back and what was held back is told") {
    const file out(std::tmpfile());
    control::logger log(out.get(), log_form::journal, log_level::info);
    control::rate_limit::time now{std::chrono::seconds(1000)};
    const auto often = [&] { log.limited(now, log_level::warning, "bad packet"); };
    const auto other = [&] { log.limited(now, log_level::info, "other place"); };
    for (int i = 0; i < 12; ++i) {
        often();
    }
    other();
    std::string expected;
    for (unsigned i = 0; i < control::rate_limit::most; ++i) {
        expected += "<4>bad packet\n";
    }
    expected += "<6>other place\n";
    CHECK(content(out.get()) == expected);

    now += control::rate_limit::interval;
    often();
    expected += "<4>bad packet (suppressed 7 like it)\n";
    CHECK(content(out.get()) == expected);

    for (unsigned i = 1; i < control::rate_limit::most + 3; ++i) {
        often();
    }
    log.tell_suppressed(now);
    for (unsigned i = 1; i < control::rate_limit::most; ++i) {
        expected += "<4>bad packet\n";
    }
    CHECK(content(out.get()) == expected);
    now += control::rate_limit::interval;
    log.tell_suppressed(now);
    log.tell_suppressed(now);
    expected += "<4>suppressed 3, the last: bad packet\n";
    CHECK(content(out.get()) == expected);
}
