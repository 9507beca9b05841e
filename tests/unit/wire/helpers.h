// SPDX-License-Identifier: MIT
// What the tests of this folder share: octets from hexadecimal, a numbered stream, a folder to
// write in.
#pragma once

#include "../../support/shared_data.h"
#include "wire/difi.h"
#include "wire/iq_block.h"
#include "wire/samples.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::tests {

using bytes = std::vector<std::uint8_t>;

inline bytes from_hex(std::string_view text) {
    bytes out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

/// Sample number n of every made-up stream: exact in 8 bits, never at full scale.
inline base::cf32 numbered_sample(std::uint64_t n) {
    return {static_cast<float>(static_cast<int>(n * 7 % 251) - 125) / 128.0F,
            static_cast<float>(static_cast<int>(n * 13 % 241) - 120) / 128.0F};
}

inline constexpr base::timestamp stream_start{1'700'000'000, 999'000'000'000};

/// Makes the packets of one stream; sample n always has the value `numbered_sample(n)`.
struct stream_maker {
    std::uint32_t stream_id = 7;
    double sample_rate_hz = 1e6;
    unsigned bits = 8;
    std::size_t packet_samples = 720;
    double frequency_hz = 1.7e9;

    [[nodiscard]] base::timestamp time_of(std::uint64_t sample) const {
        return stream_start.plus_seconds(static_cast<double>(sample) / sample_rate_hz);
    }
    [[nodiscard]] bytes data(std::uint64_t packet) const {
        std::vector<base::cf32> samples;
        for (std::size_t i = 0; i < packet_samples; ++i) {
            samples.push_back(numbered_sample(packet * packet_samples + i));
        }
        return data_with(samples, packet, time_of(packet * packet_samples));
    }
    [[nodiscard]] bytes data_with(const std::vector<base::cf32>& samples, std::uint64_t sequence,
                                  const base::timestamp& time) const {
        bytes out;
        wire::write_difi_data(out,
                              {.stream_id = stream_id,
                               .sequence = static_cast<std::uint8_t>(sequence & 15U),
                               .scale = wire::time_scale::posix,
                               .time = time},
                              samples, bits);
        return out;
    }
    [[nodiscard]] bytes context(const base::timestamp& time, std::uint8_t sequence = 0) const {
        bytes out;
        wire::context_fields fields;
        fields.changed = true;
        fields.sample_rate_hz = sample_rate_hz;
        fields.rf_reference_hz = frequency_hz;
        fields.format = wire::payload_format{bits};
        wire::write_difi_context(out,
                                 {.stream_id = stream_id,
                                  .sequence = sequence,
                                  .scale = wire::time_scale::posix,
                                  .time = time},
                                 fields);
        return out;
    }
};

/// A folder of its own, removed at the end.
class temporary_folder {
  public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "landfall-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const {
        return (path_ / name).string();
    }
    std::string put(const std::string& name, const bytes& content) const {
        std::ofstream out(path_ / name, std::ios::binary);
        out.write(reinterpret_cast<const char*>(content.data()),
                  static_cast<std::streamsize>(content.size()));
        return file(name);
    }
    std::string put(const std::string& name, std::string_view text) const {
        return put(name, bytes(text.begin(), text.end()));
    }

  private:
    std::filesystem::path path_;
};

using test_support::shared_file;

} // namespace landfall::tests
