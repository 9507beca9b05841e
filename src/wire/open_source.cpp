// SPDX-License-Identifier: MIT
#include "wire/input_file.h"
#include "wire/iq_source.h"
#include "wire/pcap_source.h"
#include "wire/recording_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

namespace landfall::wire {

namespace {

enum class content : std::uint8_t { capture, audio, other };

struct magic {
    std::string_view octets;
    content kind;
};

constexpr std::array<magic, 11> magics{{
    {"\xA1\xB2\xC3\xD4", content::capture},
    {"\xD4\xC3\xB2\xA1", content::capture},
    {"\xA1\xB2\x3C\x4D", content::capture},
    {"\x4D\x3C\xB2\xA1", content::capture},
    {"\x0A\x0D\x0D\x0A", content::capture},
    {"RIFF", content::audio},
    {"RIFX", content::audio},
    {"RF64", content::audio},
    {"riff", content::audio},
    {"fLaC", content::audio},
    {"OggS", content::audio},
}};

base::result<content> content_of(const std::string& path) {
    auto file = open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    std::array<char, 4> head{};
    const std::size_t got = std::fread(head.data(), 1, head.size(), file->handle.get());
    for (const magic& each : magics) {
        if (std::string_view(head.data(), got) == each.octets) {
            return each.kind;
        }
    }
    return content::other;
}

base::failure usage(std::string message) {
    return {std::move(message), base::exit_code::usage};
}

base::result<std::unique_ptr<iq_source>> open_raw(const std::string& path, sample_format format,
                                                  const source_options& options) {
    if (!(options.sample_rate_hz > 0 && options.sample_rate_hz <= max_sample_rate_hz)) {
        return std::unexpected(
            usage(fmt::format("{}: raw samples need their rate: --rate HZ, up to 100e9", path)));
    }
    auto reader = open_raw_reader(path, {format, 0, 0});
    if (!reader) {
        return std::unexpected(reader.error());
    }
    return make_recording_source({path,
                                  fmt::format("raw, {}", name(format)),
                                  options.sample_rate_hz,
                                  {{0, options.center_frequency_hz, std::nullopt}},
                                  options.block_samples},
                                 *std::move(reader));
}

base::result<std::unique_ptr<iq_source>> open_audio(const std::string& path,
                                                    const source_options& options) {
    auto audio = open_audio_reader(path);
    if (!audio) {
        return std::unexpected(audio.error());
    }
    return make_recording_source({path,
                                  audio->format,
                                  audio->sample_rate_hz,
                                  {{0, options.center_frequency_hz, std::nullopt}},
                                  options.block_samples,
                                  options.fm_audio},
                                 std::move(audio->reader));
}

std::optional<sample_format> format_by_extension(const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension().string();
    return extension.empty() ? std::nullopt : sample_format_of(extension.substr(1));
}

base::result<std::unique_ptr<iq_source>> open_one(const std::string& path,
                                                  const source_options& options) {
    if (options.format) {
        return open_raw(path, *options.format, options);
    }
    if (sigmf_base(path)) {
        return open_sigmf(path, options);
    }
    const auto kind = content_of(path);
    if (!kind) {
        return std::unexpected(kind.error());
    }
    if (*kind == content::capture) {
        return open_captures({&path, 1}, options);
    }
    if (*kind == content::audio) {
        return open_audio(path, options);
    }
    if (const auto format = format_by_extension(path)) {
        return open_raw(path, *format, options);
    }
    return std::unexpected(
        base::failure{fmt::format("{}: not known what it is. {}", path, understood_formats())});
}

} // namespace

const char* understood_formats() noexcept {
    return "Understood are pcap and pcapng captures of DIFI packets, SigMF (.sigmf-meta with "
           ".sigmf-data), WAV (also RF64, W64, FLAC, Ogg), and raw samples with "
           "--format cf32|ci16|ci8|cu8 --rate HZ.";
}

base::result<std::unique_ptr<iq_source>> open_source(std::span<const std::string> paths,
                                                     const source_options& options) {
    if (paths.empty()) {
        return std::unexpected(usage("no file to read"));
    }
    if (paths.size() == 1) {
        return open_one(paths[0], options);
    }
    for (const std::string& path : paths) {
        const auto kind = content_of(path);
        if (!kind) {
            return std::unexpected(kind.error());
        }
        if (options.format || *kind != content::capture) {
            return std::unexpected(usage(fmt::format(
                "{}: only captures can be read several as one sequence; give one file", path)));
        }
    }
    return open_captures(paths, options);
}

} // namespace landfall::wire
