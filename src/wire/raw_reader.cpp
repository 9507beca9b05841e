// SPDX-License-Identifier: MIT
#include "wire/input_file.h"
#include "wire/recording_source.h"

#include <fmt/core.h>

#include <algorithm>

namespace landfall::wire {

namespace {

class raw_reader final : public sample_reader {
  public:
    raw_reader(std::string path, input_file file, const raw_layout& layout)
        : path_(std::move(path)), file_(std::move(file)), layout_(layout),
          sample_octets_(octets_per_sample(layout.format)) {
        const std::uint64_t around = layout.header_octets + layout.trailing_octets;
        payload_octets_ = file_.octets > around ? file_.octets - around : 0;
        left_ = file_.octets == 0 ? UINT64_MAX : payload_octets_;
    }

    [[nodiscard]] bool is_complex() const noexcept override {
        return wire::is_complex(layout_.format);
    }
    [[nodiscard]] std::uint64_t total() const noexcept override {
        return payload_octets_ / sample_octets_;
    }

    decoded_samples read_complex(std::span<base::cf32> out) override {
        return decode_complex(read(out.size()), layout_.format, out);
    }
    decoded_samples read_real(std::span<float> out) override {
        return decode_real(read(out.size()), layout_.format, out);
    }

    [[nodiscard]] std::optional<base::failure> fault() const override {
        if (std::ferror(file_.handle.get()) != 0) {
            return base::failure{fmt::format("{}: cannot be read after {} octets", path_, taken_)};
        }
        if (file_.octets != 0 && taken_ < payload_octets_) {
            return base::failure{
                fmt::format("{}: became shorter while it was read: {} of {} octets", path_, taken_,
                            payload_octets_)};
        }
        if (const std::uint64_t cut = taken_ % sample_octets_; cut != 0) {
            return base::failure{fmt::format(
                "{}: the last sample is cut: {} octets are {} samples of {} ({} octets each) and "
                "{} octets more",
                path_, taken_, taken_ / sample_octets_, name(layout_.format), sample_octets_, cut)};
        }
        return std::nullopt;
    }

  private:
    base::octets read(std::size_t samples) {
        buffer_.resize(samples * sample_octets_);
        const std::size_t wanted = std::min<std::uint64_t>(buffer_.size(), left_);
        const std::size_t got = std::fread(buffer_.data(), 1, wanted, file_.handle.get());
        left_ -= got;
        taken_ += got;
        return base::octets(buffer_).first(got);
    }

    std::string path_;
    input_file file_;
    raw_layout layout_;
    std::size_t sample_octets_;
    std::uint64_t payload_octets_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t taken_ = 0;
    std::vector<std::uint8_t> buffer_;
};

} // namespace

base::result<std::unique_ptr<sample_reader>> open_raw_reader(const std::string& path,
                                                             const raw_layout& layout) {
    auto file = open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    const std::size_t sample_octets = octets_per_sample(layout.format);
    const std::uint64_t around = layout.header_octets + layout.trailing_octets;
    if (file->octets != 0 && file->octets < around + sample_octets) {
        return std::unexpected(base::failure{
            fmt::format("{}: {} octets, less than one sample of {}", path,
                        file->octets - std::min(around, file->octets), name(layout.format))});
    }
    if (layout.header_octets > 0 &&
        fseeko(file->handle.get(), static_cast<off_t>(layout.header_octets), SEEK_SET) != 0) {
        return std::unexpected(
            base::failure{fmt::format("{}: its header cannot be skipped", path)});
    }
    return std::make_unique<raw_reader>(path, *std::move(file), layout);
}

} // namespace landfall::wire
