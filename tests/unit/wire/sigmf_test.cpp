// SPDX-License-Identifier: MIT
#include "wire/sigmf.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace landfall;
using wire::sigmf_error;

namespace {

std::string meta(std::string_view global, std::string_view captures = "") {
    return std::string("{\"global\": {\"core:datatype\": \"ci16_le\", \"core:sample_rate\": 1e6") +
           (global.empty() ? "" : ", ") + std::string(global) + "}, \"captures\": [" +
           std::string(captures) + "], \"annotations\": []}";
}

sigmf_error error_of(std::string_view text) {
    const auto parsed = wire::parse_sigmf(text);
    REQUIRE(!parsed);
    return parsed.error();
}

} // namespace

TEST_CASE("wire/sigmf: metadata as recorders write them") {
    const auto parsed = wire::parse_sigmf(R"({
        "global": {
            "core:datatype": "cf32_be", "core:sample_rate": 2000000.5, "core:version": "1.0.0",
            "core:description": "a pass", "core:num_channels": 1, "core:sha512": "00", "core:offset": 100,
            "core:extensions": [{"name": "antenna", "version": "1.0.0", "optional": true}]
        },
        "captures": [
            {"core:sample_start": 100, "core:frequency": 1707000000,
             "core:datetime": "2024-02-29T12:34:56.123456789012Z"},
            {"core:sample_start": 5100, "core:frequency": 1.7071e9}
        ],
        "annotations": [{"core:sample_start": 3, "core:sample_count": 5}]
    })");
    REQUIRE(parsed);
    CHECK(parsed->datatype == wire::sample_format::cf32_be);
    CHECK(parsed->sample_rate_hz == 2000000.5);
    CHECK(parsed->description == "a pass");
    REQUIRE(parsed->captures.size() == 2);
    CHECK(parsed->captures[0].sample_start == 0);
    CHECK(parsed->captures[0].frequency_hz == 1707e6);
    CHECK(parsed->captures[0].datetime == base::timestamp{1709210096, 123'456'789'012});
    CHECK(parsed->captures[1].sample_start == 5000);
    CHECK(parsed->captures[1].frequency_hz == 1707.1e6);
    CHECK(!parsed->captures[1].datetime);
}

TEST_CASE("wire/sigmf: each fault has its name") {
    CHECK(error_of("") == sigmf_error::not_json);
    CHECK(error_of("{\"global\": ") == sigmf_error::not_json);
    CHECK(error_of("[]") == sigmf_error::no_global);
    CHECK(error_of("{\"global\": 3}") == sigmf_error::no_global);
    CHECK(error_of("{\"global\": {}}") == sigmf_error::missing_datatype);
    CHECK(error_of("{\"global\": {\"core:datatype\": 3}}") == sigmf_error::missing_datatype);
    for (const char* type : {"cf64_le", "cf32", "ci16", "CF32_LE", ""}) {
        CHECK(error_of(std::string("{\"global\": {\"core:datatype\": \"") + type + "\"}}") ==
              sigmf_error::unsupported_datatype);
    }
    CHECK(error_of("{\"global\": {\"core:datatype\": \"ci8\"}}") ==
          sigmf_error::missing_sample_rate);
    for (const char* rate : {"0", "-1", "\"1e6\"", "1e300", "null"}) {
        CHECK(error_of(std::string("{\"global\": {\"core:datatype\": \"ci8\", "
                                   "\"core:sample_rate\": ") +
                       rate + "}}") == sigmf_error::bad_sample_rate);
    }
    CHECK(error_of(meta("\"core:num_channels\": 2")) == sigmf_error::unsupported_channels);
    CHECK(error_of(meta("\"core:trailing_bytes\": -1")) == sigmf_error::bad_trailing_bytes);
    CHECK(error_of(meta("\"core:metadata_only\": true")) == sigmf_error::metadata_only);
    CHECK(error_of(meta("\"core:dataset\": \"../x\"")) == sigmf_error::bad_dataset_name);
    CHECK(error_of(meta("\"core:dataset\": 1")) == sigmf_error::bad_dataset_name);
    CHECK(error_of(meta("\"core:offset\": 0.5")) == sigmf_error::bad_offset);
    CHECK(error_of(meta("\"core:offset\": 5", "{\"core:sample_start\": 4}")) ==
          sigmf_error::bad_sample_start);
    CHECK(error_of(meta("", "{\"core:sample_start\": -1}")) == sigmf_error::bad_sample_start);
    CHECK(error_of(meta("", "{\"core:sample_start\": 1e30}")) == sigmf_error::bad_sample_start);
    CHECK(error_of(meta("", "1")) == sigmf_error::bad_captures);
    CHECK(error_of("{\"global\": {\"core:datatype\": \"ci8\", \"core:sample_rate\": 1}, "
                   "\"captures\": {}}") == sigmf_error::bad_captures);
    CHECK(error_of(meta("", "{\"core:sample_start\": 5}, {\"core:sample_start\": 4}")) ==
          sigmf_error::captures_out_of_order);
    CHECK(error_of(meta("", "{\"core:frequency\": \"x\"}")) == sigmf_error::bad_frequency);
    CHECK(error_of(meta("", "{\"core:datetime\": \"yesterday\"}")) == sigmf_error::bad_datetime);
    CHECK(error_of(meta("", "{\"core:header_bytes\": -1}")) == sigmf_error::bad_header_bytes);
    CHECK(error_of(meta("", "{}, {\"core:header_bytes\": 1}")) == sigmf_error::bad_header_bytes);
    CHECK(error_of(std::string(wire::max_sigmf_octets + 1, ' ')) == sigmf_error::too_large);
    std::string many = "{}";
    for (std::size_t i = 0; i < wire::max_sigmf_captures; ++i) {
        many += ",{}";
    }
    CHECK(error_of(meta("", many)) == sigmf_error::too_many_captures);
}

TEST_CASE("wire/sigmf: every truncation is refused, and deep nesting does no harm") {
    const std::string text = meta("\"core:description\": \"x\"", "{\"core:sample_start\": 0}");
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK(error_of(text.substr(0, size)) == sigmf_error::not_json);
    }
    CHECK(error_of(std::string(100'000, '[')) == sigmf_error::not_json);
    const std::string deep =
        meta("\"x\": " + std::string(100'000, '[') + std::string(100'000, ']'));
    CHECK(wire::parse_sigmf(deep).has_value());
}

TEST_CASE("wire/sigmf: what is written is read back") {
    wire::sigmf_metadata metadata;
    metadata.datatype = wire::sample_format::ci16_le;
    metadata.sample_rate_hz = 3.2e6;
    metadata.description = "simulated, \"seed\" 1";
    metadata.captures.push_back({0, 2.2e9, base::timestamp{1'700'000'000, 1}});
    metadata.captures.push_back({1000, std::nullopt, std::nullopt});
    const auto parsed = wire::parse_sigmf(wire::write_sigmf(metadata));
    REQUIRE(parsed);
    CHECK(parsed->datatype == metadata.datatype);
    CHECK(parsed->sample_rate_hz == metadata.sample_rate_hz);
    CHECK(parsed->description == metadata.description);
    REQUIRE(parsed->captures.size() == 2);
    CHECK(parsed->captures[0].frequency_hz == 2.2e9);
    CHECK(parsed->captures[0].datetime == base::timestamp{1'700'000'000, 1});
    CHECK(parsed->captures[1].sample_start == 1000);
    CHECK(!parsed->captures[1].frequency_hz);
}

TEST_CASE("wire/sigmf: dates and times") {
    using base::timestamp;
    CHECK(wire::parse_iso8601("1970-01-01T00:00:00Z") == timestamp{0, 0});
    CHECK(wire::parse_iso8601("2024-02-29T12:34:56Z") == timestamp{1709210096, 0});
    CHECK(wire::parse_iso8601("2024-02-29T12:34:56.5Z") == timestamp{1709210096, 500'000'000'000});
    CHECK(wire::parse_iso8601("2024-02-29T12:34:56.0000000000019Z") == timestamp{1709210096, 1});
    CHECK(wire::parse_iso8601("2024-02-29T14:34:56+02:00") == timestamp{1709210096, 0});
    CHECK(wire::parse_iso8601("2024-02-29T07:04:56-0530") == timestamp{1709210096, 0});
    CHECK(wire::parse_iso8601("2024-02-29 12:34:56") == timestamp{1709210096, 0});
    CHECK(wire::parse_iso8601("1969-12-31T23:59:59Z") == timestamp{-1, 0});
    CHECK(wire::parse_iso8601("2016-12-31T23:59:60Z") == timestamp{1483228800, 0});
    for (const char* bad :
         {"", "2024", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
          "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z",
          "2024-01-01T00:00:00Zx", "2024-01-01X00:00:00Z", "2024-1-01T00:00:00Z"}) {
        CAPTURE(bad);
        CHECK(!wire::parse_iso8601(bad));
    }
    CHECK(wire::write_iso8601({1709210096, 123'456'789'012}) ==
          "2024-02-29T12:34:56.123456789012Z");
    CHECK(wire::write_iso8601({-1, 5}) == "1969-12-31T23:59:59.000000000005Z");
}

TEST_CASE("wire/sigmf: every error has a name and a description of its own") {
    std::set<std::string> names;
    std::set<std::string> descriptions;
    for (std::size_t i = 0; i < wire::sigmf_error_count; ++i) {
        names.insert(wire::name(static_cast<sigmf_error>(i)));
        descriptions.insert(wire::describe(static_cast<sigmf_error>(i)));
    }
    CHECK(names.size() == wire::sigmf_error_count);
    CHECK(descriptions.size() == wire::sigmf_error_count);
}
