// SPDX-License-Identifier: MIT
#include "wire/sigmf.h"

#include "wire/difi.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <exception>

namespace landfall::wire {

namespace {

using nlohmann::json;

constexpr std::uint64_t max_count = std::uint64_t{1} << 62U;

/// A count that is absent is 0; none when it is no count.
std::optional<std::uint64_t> count_at(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) {
        return 0;
    }
    if (!found->is_number_unsigned()) {
        return std::nullopt;
    }
    const auto value = found->get<std::uint64_t>();
    return value <= max_count ? std::optional(value) : std::nullopt;
}

std::optional<sigmf_error> read_datatype(const json& global, sigmf_metadata& metadata) {
    const auto datatype = global.find("core:datatype");
    if (datatype == global.end() || !datatype->is_string()) {
        return sigmf_error::missing_datatype;
    }
    const auto& text = datatype->get_ref<const std::string&>();
    const auto format = sample_format_of(text);
    if (!format || text != name(*format)) {
        return sigmf_error::unsupported_datatype;
    }
    metadata.datatype = *format;
    return std::nullopt;
}

std::optional<sigmf_error> read_global(const json& global, sigmf_metadata& metadata) {
    if (const auto error = read_datatype(global, metadata)) {
        return error;
    }
    const auto rate = global.find("core:sample_rate");
    if (rate == global.end()) {
        return sigmf_error::missing_sample_rate;
    }
    metadata.sample_rate_hz = rate->is_number() ? rate->get<double>() : 0;
    if (!(metadata.sample_rate_hz > 0 && metadata.sample_rate_hz <= max_sample_rate_hz)) {
        return sigmf_error::bad_sample_rate;
    }
    if (const auto found = global.find("core:num_channels");
        found != global.end() && (!found->is_number() || found->get<double>() != 1)) {
        return sigmf_error::unsupported_channels;
    }
    const auto trailing = count_at(global, "core:trailing_bytes");
    if (!trailing) {
        return sigmf_error::bad_trailing_bytes;
    }
    metadata.trailing_octets = *trailing;
    if (const auto only = global.find("core:metadata_only");
        only != global.end() && only->is_boolean() && only->get<bool>()) {
        return sigmf_error::metadata_only;
    }
    if (const auto dataset = global.find("core:dataset"); dataset != global.end()) {
        if (!dataset->is_string()) {
            return sigmf_error::bad_dataset_name;
        }
        metadata.dataset = dataset->get<std::string>();
        const bool a_file_name =
            metadata.dataset.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos &&
            metadata.dataset != ".." && metadata.dataset != ".";
        if (!a_file_name) {
            return sigmf_error::bad_dataset_name;
        }
    }
    if (const auto text = global.find("core:description");
        text != global.end() && text->is_string()) {
        metadata.description = text->get<std::string>();
    }
    return std::nullopt;
}

std::optional<sigmf_error> read_capture(const json& object, std::uint64_t offset,
                                        sigmf_metadata& metadata) {
    if (!object.is_object()) {
        return sigmf_error::bad_captures;
    }
    sigmf_capture capture;
    const auto start = count_at(object, "core:sample_start");
    if (!start || *start < offset) {
        return sigmf_error::bad_sample_start;
    }
    capture.sample_start = *start - offset;
    if (const auto found = object.find("core:frequency"); found != object.end()) {
        if (!found->is_number() || !std::isfinite(found->get<double>())) {
            return sigmf_error::bad_frequency;
        }
        capture.frequency_hz = found->get<double>();
    }
    if (const auto found = object.find("core:datetime"); found != object.end()) {
        capture.datetime =
            found->is_string() ? parse_iso8601(found->get_ref<const std::string&>()) : std::nullopt;
        if (!capture.datetime) {
            return sigmf_error::bad_datetime;
        }
    }
    const auto header = count_at(object, "core:header_bytes");
    if (!header || (*header > 0 && !metadata.captures.empty())) {
        return sigmf_error::bad_header_bytes;
    }
    metadata.header_octets += *header;
    if (!metadata.captures.empty() &&
        metadata.captures.back().sample_start > capture.sample_start) {
        return sigmf_error::captures_out_of_order;
    }
    metadata.captures.push_back(capture);
    return std::nullopt;
}

std::optional<sigmf_error> read_captures(const json& root, sigmf_metadata& metadata) {
    const auto captures = root.find("captures");
    if (captures == root.end()) {
        return std::nullopt;
    }
    if (!captures->is_array()) {
        return sigmf_error::bad_captures;
    }
    if (captures->size() > max_sigmf_captures) {
        return sigmf_error::too_many_captures;
    }
    const auto offset = count_at(root["global"], "core:offset");
    if (!offset) {
        return sigmf_error::bad_offset;
    }
    for (const json& capture : *captures) {
        if (const auto error = read_capture(capture, *offset, metadata)) {
            return error;
        }
    }
    return std::nullopt;
}

struct error_text {
    const char* name;
    const char* description;
};

error_text text_of(sigmf_error error) noexcept {
    switch (error) {
    case sigmf_error::too_large:
        return {"too_large", "the metadata are larger than 16 MiB"};
    case sigmf_error::not_json:
        return {"not_json", "the metadata are not valid JSON"};
    case sigmf_error::no_global:
        return {"no_global", "the metadata have no \"global\" object"};
    case sigmf_error::missing_datatype:
        return {"missing_datatype", "\"core:datatype\" is missing or not a text"};
    case sigmf_error::unsupported_datatype:
        return {"unsupported_datatype",
                "\"core:datatype\" is not one of cf32_le, cf32_be, ci16_le, ci16_be, ci8, cu8, "
                "rf32_le, rf32_be, ri16_le, ri16_be, ri8, ru8"};
    case sigmf_error::missing_sample_rate:
        return {"missing_sample_rate", "\"core:sample_rate\" is missing"};
    case sigmf_error::bad_sample_rate:
        return {"bad_sample_rate", "\"core:sample_rate\" is not a number above 0, up to 100e9"};
    case sigmf_error::unsupported_channels:
        return {"unsupported_channels", "\"core:num_channels\" is not 1"};
    case sigmf_error::bad_offset:
        return {"bad_offset", "\"core:offset\" is not a count"};
    case sigmf_error::bad_trailing_bytes:
        return {"bad_trailing_bytes", "\"core:trailing_bytes\" is not a count"};
    case sigmf_error::metadata_only:
        return {"metadata_only", "\"core:metadata_only\" says that there are no samples"};
    case sigmf_error::bad_dataset_name:
        return {"bad_dataset_name", "\"core:dataset\" is not the name of a file beside this one"};
    case sigmf_error::bad_captures:
        return {"bad_captures", "\"captures\" is not an array of objects"};
    case sigmf_error::too_many_captures:
        return {"too_many_captures", "there are more than 65536 captures"};
    case sigmf_error::captures_out_of_order:
        return {"captures_out_of_order", "the captures are not in order of \"core:sample_start\""};
    case sigmf_error::bad_sample_start:
        return {"bad_sample_start",
                "a \"core:sample_start\" is not a count, or is less than \"core:offset\""};
    case sigmf_error::bad_frequency:
        return {"bad_frequency", "a \"core:frequency\" is not a number"};
    case sigmf_error::bad_datetime:
        return {"bad_datetime", "a \"core:datetime\" is not an ISO 8601 date and time"};
    case sigmf_error::bad_header_bytes:
        return {"bad_header_bytes",
                "\"core:header_bytes\" is not a count, or is given after the first capture"};
    }
    return {"unknown", "unknown"};
}

std::expected<sigmf_metadata, sigmf_error> parse(std::string_view text) {
    const json root = json::parse(text, nullptr, false);
    if (root.is_discarded()) {
        return std::unexpected(sigmf_error::not_json);
    }
    const auto global = root.find("global");
    if (global == root.end() || !global->is_object()) {
        return std::unexpected(sigmf_error::no_global);
    }
    sigmf_metadata metadata;
    if (const auto error = read_global(*global, metadata)) {
        return std::unexpected(*error);
    }
    if (const auto error = read_captures(root, metadata)) {
        return std::unexpected(*error);
    }
    return metadata;
}

} // namespace

const char* name(sigmf_error error) noexcept {
    return text_of(error).name;
}

const char* describe(sigmf_error error) noexcept {
    return text_of(error).description;
}

std::expected<sigmf_metadata, sigmf_error> parse_sigmf(std::string_view text) noexcept {
    if (text.size() > max_sigmf_octets) {
        return std::unexpected(sigmf_error::too_large);
    }
    try {
        return parse(text);
    } catch (const std::exception&) { // of the JSON library: types are checked before they are used
        return std::unexpected(sigmf_error::not_json);
    }
}

std::string write_sigmf(const sigmf_metadata& metadata) {
    nlohmann::ordered_json root;
    root["global"] = {{"core:datatype", name(metadata.datatype)},
                      {"core:sample_rate", metadata.sample_rate_hz},
                      {"core:version", "1.0.0"},
                      {"core:num_channels", 1},
                      {"core:recorder", "landfall"}};
    if (!metadata.description.empty()) {
        root["global"]["core:description"] = metadata.description;
    }
    root["captures"] = nlohmann::ordered_json::array();
    for (const sigmf_capture& capture : metadata.captures) {
        nlohmann::ordered_json object{{"core:sample_start", capture.sample_start}};
        if (capture.frequency_hz) {
            object["core:frequency"] = *capture.frequency_hz;
        }
        if (capture.datetime) {
            object["core:datetime"] = write_iso8601(*capture.datetime);
        }
        root["captures"].push_back(std::move(object));
    }
    root["annotations"] = nlohmann::ordered_json::array();
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    return root.dump(4, ' ', false, replace) + "\n";
}

} // namespace landfall::wire
