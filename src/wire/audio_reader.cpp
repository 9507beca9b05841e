// SPDX-License-Identifier: MIT
// Audio files, by libsndfile. It takes a file that is cut for one that is shorter, so that the
// length in the RIFF header is compared with the file here.
#include "wire/input_file.h"
#include "wire/recording_source.h"

#include <fmt/core.h>
#include <sndfile.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace landfall::wire {

namespace {

struct sndfile_closer {
    void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

std::uint32_t little_u32(const std::uint8_t* from) noexcept {
    return static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8U |
           static_cast<std::uint32_t>(from[2]) << 16U | static_cast<std::uint32_t>(from[3]) << 24U;
}

std::uint64_t little_u64(const std::uint8_t* from) noexcept {
    return little_u32(from) | static_cast<std::uint64_t>(little_u32(from + 4)) << 32U;
}

struct riff_extent {
    std::uint64_t begin = 0;  ///< of the samples in the file
    std::uint64_t octets = 0; ///< of samples as the header says
};

/// Finds the data chunk of a RIFF (or RF64) file; none where there is none, or its length is a
/// stand-in of a writer that could not go back to correct it.
std::optional<riff_extent> find_data_chunk(std::FILE* file) {
    constexpr std::uint32_t unknown_from = 0x7FFFF000;
    constexpr int max_chunks = 1000;
    std::array<std::uint8_t, 12> riff{};
    if (std::fread(riff.data(), 1, riff.size(), file) != riff.size() ||
        (std::memcmp(riff.data(), "RIFF", 4) != 0 && std::memcmp(riff.data(), "RF64", 4) != 0)) {
        return std::nullopt;
    }
    std::uint64_t long_size = 0;
    std::uint64_t at = riff.size();
    for (int i = 0; i < max_chunks; ++i) {
        std::array<std::uint8_t, 24> head{};
        if (fseeko(file, static_cast<off_t>(at), SEEK_SET) != 0 ||
            std::fread(head.data(), 1, head.size(), file) < 8) {
            return std::nullopt;
        }
        const std::uint32_t size = little_u32(head.data() + 4);
        if (std::memcmp(head.data(), "ds64", 4) == 0) {
            long_size = little_u64(head.data() + 16);
        } else if (std::memcmp(head.data(), "data", 4) == 0) {
            if (size == 0xFFFFFFFF && long_size > 0) {
                return riff_extent{at + 8, long_size};
            }
            return size == 0 || size >= unknown_from ? std::nullopt
                                                     : std::optional(riff_extent{at + 8, size});
        }
        at += 8 + std::uint64_t{size} + size % 2;
    }
    return std::nullopt;
}

class audio_reader final : public sample_reader {
  public:
    using handle = std::unique_ptr<SNDFILE, sndfile_closer>;

    audio_reader(std::string path, handle file, const SF_INFO& info, std::uint64_t cut_octets)
        : path_(std::move(path)), file_(std::move(file)), channels_(info.channels),
          frames_(static_cast<std::uint64_t>(info.frames)), cut_octets_(cut_octets) {}

    [[nodiscard]] bool is_complex() const noexcept override { return channels_ == 2; }
    [[nodiscard]] std::uint64_t total() const noexcept override { return frames_; }

    decoded_samples read_complex(std::span<base::cf32> out) override {
        decoded_samples result = read_frames(reinterpret_cast<float*>(out.data()), out.size());
        for (base::cf32& sample : out.first(result.count)) {
            if (!std::isfinite(sample.real()) || !std::isfinite(sample.imag())) {
                sample = {};
                ++result.non_finite;
            }
        }
        return result;
    }

    decoded_samples read_real(std::span<float> out) override {
        decoded_samples result = read_frames(out.data(), out.size());
        for (float& sample : out.first(result.count)) {
            if (!std::isfinite(sample)) {
                sample = 0;
                ++result.non_finite;
            }
        }
        return result;
    }

    [[nodiscard]] std::optional<base::failure> fault() const override {
        if (cut_octets_ > 0) {
            return base::failure{fmt::format(
                "{}: is cut: {} octets of samples are missing at its end; {} samples were read",
                path_, cut_octets_, taken_)};
        }
        if (sf_error(file_.get()) != SF_ERR_NO_ERROR || taken_ < frames_) {
            return base::failure{fmt::format("{}: cannot be read after {} of {} samples: {}", path_,
                                             taken_, frames_, sf_strerror(file_.get()))};
        }
        return std::nullopt;
    }

  private:
    decoded_samples read_frames(float* out, std::size_t count) {
        const sf_count_t got = sf_readf_float(file_.get(), out, static_cast<sf_count_t>(count));
        decoded_samples result;
        result.count = got > 0 ? static_cast<std::size_t>(got) : 0;
        taken_ += result.count;
        return result;
    }

    std::string path_;
    handle file_;
    int channels_;
    std::uint64_t frames_;
    std::uint64_t cut_octets_;
    std::uint64_t taken_ = 0;
};

} // namespace

base::result<audio_file> open_audio_reader(const std::string& path) {
    const auto fail = [&path](std::string_view what) {
        return std::unexpected(base::failure{fmt::format("{}: {}", path, what)});
    };
    auto file = open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    std::uint64_t cut_octets = 0;
    if (const auto data = find_data_chunk(file->handle.get())) {
        const std::uint64_t there = file->octets > data->begin ? file->octets - data->begin : 0;
        cut_octets = data->octets > there ? data->octets - there : 0;
    }
    SF_INFO info{};
    audio_reader::handle handle(sf_open(path.c_str(), SFM_READ, &info));
    if (!handle) {
        return fail(fmt::format("is not a readable audio file: {}", sf_strerror(nullptr)));
    }
    if (info.channels != 1 && info.channels != 2) {
        return fail(fmt::format("has {} channels; 2 are taken for I and Q, 1 for a real signal",
                                info.channels));
    }
    if (info.samplerate <= 0) {
        return fail("has no sample rate");
    }
    if (info.frames <= 0) {
        return fail("holds no samples");
    }
    audio_file audio;
    audio.sample_rate_hz = info.samplerate;
    audio.format = info.channels == 2 ? "audio, I and Q" : "audio, real";
    audio.reader = std::make_unique<audio_reader>(path, std::move(handle), info, cut_octets);
    return audio;
}

} // namespace landfall::wire
