// SPDX-License-Identifier: MIT
#include "wire/input_file.h"
#include "wire/recording_source.h"
#include "wire/sigmf.h"

#include <fmt/core.h>

#include <filesystem>

namespace landfall::wire {

namespace {

constexpr std::string_view meta_ending = ".sigmf-meta";
constexpr std::string_view data_ending = ".sigmf-data";

base::result<std::string> read_text(const std::string& path) {
    auto file = open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    std::string text(max_sigmf_octets + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file->handle.get()));
    if (std::ferror(file->handle.get()) != 0) {
        return std::unexpected(base::failure{fmt::format("{}: cannot be read", path)});
    }
    return text;
}

std::vector<recording_segment> segments_of(const sigmf_metadata& metadata) {
    std::vector<recording_segment> segments;
    double frequency_hz = 0;
    for (const sigmf_capture& capture : metadata.captures) {
        frequency_hz = capture.frequency_hz.value_or(frequency_hz);
        if (segments.empty() && capture.sample_start > 0) {
            segments.push_back(
                {0, frequency_hz, std::nullopt}); // samples that no capture describes
        }
        segments.push_back({capture.sample_start, frequency_hz, capture.datetime});
    }
    return segments;
}

} // namespace

std::optional<std::string> sigmf_base(const std::string& path) {
    for (const std::string_view ending : {meta_ending, data_ending}) {
        if (path.ends_with(ending)) {
            return path.substr(0, path.size() - ending.size());
        }
    }
    std::error_code error;
    const bool named = !std::filesystem::is_regular_file(path, error) &&
                       std::filesystem::is_regular_file(path + std::string(meta_ending), error);
    return named ? std::optional(path) : std::nullopt;
}

base::result<std::unique_ptr<iq_source>> open_sigmf(const std::string& path,
                                                    const source_options& options) {
    const std::string base_name = sigmf_base(path).value_or(path);
    const std::string meta_path = base_name + std::string(meta_ending);
    const auto text = read_text(meta_path);
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto metadata = parse_sigmf(*text);
    if (!metadata) {
        return std::unexpected(
            base::failure{fmt::format("{}: {}", meta_path, describe(metadata.error()))});
    }
    std::string data_path = base_name + std::string(data_ending);
    if (!metadata->dataset.empty()) {
        data_path = (std::filesystem::path(meta_path).parent_path() / metadata->dataset).string();
    }
    auto reader = open_raw_reader(
        data_path, {metadata->datatype, metadata->header_octets, metadata->trailing_octets});
    if (!reader) {
        return std::unexpected(base::failure{
            fmt::format("{} (the samples that {} describes)", reader.error().message, meta_path)});
    }
    recording description{data_path, fmt::format("SigMF, {}", name(metadata->datatype)),
                          metadata->sample_rate_hz, segments_of(*metadata), options.block_samples};
    return make_recording_source(std::move(description), *std::move(reader));
}

} // namespace landfall::wire
