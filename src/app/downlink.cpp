// SPDX-License-Identifier: MIT
#include "app/downlink.h"

#include "framing/encapsulation.h"
#include "framing/space_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <system_error>

namespace landfall::app {
namespace {

constexpr double default_samples_per_symbol = 2.5;
constexpr std::size_t lead_in_bits = 512;
constexpr std::uint16_t spacecraft_id = 42;
constexpr std::uint16_t first_apid = 100;
constexpr std::uint64_t quiet_frames_period = 16; // the last two of these carry no new packets
constexpr double rms_of_full_scale = 0.2;         // signal and noise

double rate_or_default(const downlink_config& config) {
    return config.sample_rate_hz > 0.0
               ? config.sample_rate_hz
               : default_samples_per_symbol * config.mission.wave.symbol_rate_hz;
}

double samples_per_symbol_of(const downlink_config& config) {
    return rate_or_default(config) /
           (config.mission.wave.symbol_rate_hz * (1.0 + 1e-6 * config.clock_offset_ppm));
}

dsp::channel_config channel_of(const downlink_config& config) {
    dsp::channel_config channel = config.channel;
    channel.sample_rate_hz = rate_or_default(config);
    channel.samples_per_symbol = samples_per_symbol_of(config);
    const double noise = channel.samples_per_symbol * std::pow(10.0, -channel.es_n0_db / 10.0);
    channel.amplitude = static_cast<float>(rms_of_full_scale / std::sqrt(1.0 + noise));
    return channel;
}

bool has_payload_file(const downlink_config& config) {
    return config.payload != "ip" && config.payload != "counter";
}

base::result<void> check_numbers(const downlink_config& config) {
    const auto refuse = [](std::string message) {
        return std::unexpected(base::failure{std::move(message), base::exit_code::usage});
    };
    if (!(config.seconds > 0.0 && config.seconds <= most_downlink_seconds)) {
        return refuse(fmt::format("--seconds: {:g} is not above 0 and at most {:g}", config.seconds,
                                  most_downlink_seconds));
    }
    const double rate_hz = rate_or_default(config);
    const double ratio = rate_hz / config.mission.wave.symbol_rate_hz;
    if (!(ratio >= 2.0 && ratio <= 1000.0)) {
        return refuse(fmt::format("--sample-rate: {:g} Hz is {:.3g} samples per symbol; 2 to 1000 "
                                  "are possible",
                                  rate_hz, ratio));
    }
    const double first_hz = config.channel.frequency_offset_hz;
    if (!(std::abs(first_hz) <= 0.5 * rate_hz)) {
        return refuse(fmt::format("--frequency-offset: {:g} Hz is outside the band of ±{:g} Hz",
                                  first_hz, 0.5 * rate_hz));
    }
    const double last_hz = first_hz + config.channel.doppler_rate_hz_s * config.seconds;
    if (!(std::abs(last_hz) <= 0.5 * rate_hz)) {
        return refuse(
            fmt::format("--doppler-rate: the carrier ends at {:g} Hz, outside the band of "
                        "±{:g} Hz",
                        last_hz, 0.5 * rate_hz));
    }
    return {};
}

/// Channel bits per information bit.
double expansion(fec::code_rate rate) {
    switch (rate) {
    case fec::code_rate::none:
        return 1.0;
    case fec::code_rate::r1_2:
        return 2.0;
    case fec::code_rate::r2_3:
        return 3.0 / 2.0;
    case fec::code_rate::r3_4:
        return 4.0 / 3.0;
    case fec::code_rate::r5_6:
        return 6.0 / 5.0;
    case fec::code_rate::r7_8:
        return 8.0 / 7.0;
    }
    return 1.0;
}

/// An IPv4 packet with a UDP datagram of `payload`.
std::vector<std::uint8_t> ip_packet(base::octets payload, std::uint16_t identification) {
    std::vector<std::uint8_t> packet;
    base::byte_writer writer(packet);
    writer.u16(0x4500);
    writer.u16(static_cast<std::uint16_t>(28 + payload.size()));
    writer.u16(identification);
    writer.u16(0x4000); // do not fragment
    writer.u16(0x4011); // TTL 64, UDP
    writer.u16(0);
    writer.u32(0xC0000201); // 192.0.2.1
    writer.u32(0xC6336407); // 198.51.100.7
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) {
        sum += static_cast<std::uint32_t>(packet[i] << 8U | packet[i + 1]);
    }
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    sum = ~(sum + (sum >> 16U)) & 0xFFFFU;
    packet[10] = static_cast<std::uint8_t>(sum >> 8U);
    packet[11] = static_cast<std::uint8_t>(sum);
    writer.u16(50010);
    writer.u16(50011);
    writer.u16(static_cast<std::uint16_t>(8 + payload.size()));
    writer.u16(0); // no checksum
    writer.append(payload);
    return packet;
}

} // namespace

base::result<std::unique_ptr<downlink>> downlink::create(const downlink_config& config) {
    const auto refuse = [](std::string message) {
        return std::unexpected(
            base::failure{std::move(message), base::exit_code::bad_configuration});
    };
    if (auto outcome = check_numbers(config); !outcome) {
        return std::unexpected(outcome.error());
    }
    const std::size_t octets = config.mission.coding.frame_octets;
    const bool structured = config.mission.framing.format != framing::frame_format::none;
    if (config.mission.framing.format == framing::frame_format::uslp) {
        return refuse("the simulator makes TM and AOS frames, not USLP");
    }
    if (structured && (octets < 24U + config.mission.framing.insert_zone_octets || octets > 2048)) {
        return refuse(
            fmt::format("the simulator makes frames of 24 to 2048 octets, not {}", octets));
    }
    auto made = std::unique_ptr<downlink>(new downlink(config));
    if (has_payload_file(config)) {
        if (const char* reason = made->open_payload()) {
            return std::unexpected(
                base::failure{fmt::format("--payload: '{}' {}", config.payload, reason)});
        }
    }
    return made;
}

downlink::downlink(const downlink_config& config)
    : config_(config), sample_rate_hz_(rate_or_default(config)),
      samples_per_symbol_(samples_per_symbol_of(config)), random_(config.channel.seed),
      sorter_(config.mission.framing),
      encoder_(config.mission.coding, dsp::bits_per_symbol(config.mission.wave.kind),
               config.channel.seed),
      modulator_(config.mission.wave, samples_per_symbol_), channel_(channel_of(config)),
      frame_(config.mission.coding.frame_octets) {
    const framing::frame_format format = config.mission.framing.format;
    const bool tm = format == framing::frame_format::tm;
    if (format != framing::frame_format::none) {
        // Without Reed-Solomon, frames are sure only by their error control field.
        const bool fecf = config.mission.framing.fecf == framing::error_control::present ||
                          (config.mission.framing.fecf == framing::error_control::automatic &&
                           config.mission.coding.reed_solomon == fec::rs_code::none);
        for (const std::uint8_t vcid : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{5}}) {
            builders_.emplace_back(framing::frame_builder_parameters{
                .format = tm ? framing::frame_format::tm : framing::frame_format::aos,
                .spacecraft_id = spacecraft_id,
                .vcid = vcid,
                .frame_octets = frame_.size(),
                .fecf = fecf,
                .aos_header_error_control = config.mission.framing.aos_header_error_control ==
                                            framing::error_control::present,
                .insert_zone_octets = tm ? 0U : config.mission.framing.insert_zone_octets,
                .ocf = !tm && config.mission.framing.aos_ocf ? std::optional<std::uint32_t>(0)
                                                             : std::nullopt,
                .aos_fill_channel = true});
        }
    }
    const unsigned bits_per_symbol = dsp::bits_per_symbol(config.mission.wave.kind);
    wanted_bits_ = static_cast<std::uint64_t>(
        std::max(config.seconds * sample_rate_hz_ / samples_per_symbol_ - 32.0, 1.0) *
        bits_per_symbol);
    encoder_.idle(lead_in_bits, bits_);
    channel_bits_ = bits_.size();
    modulator_.push(bits_, out_);
}

const char* downlink::open_payload() {
    std::error_code error;
    const auto status = std::filesystem::status(config_.payload, error);
    if (!std::filesystem::exists(status)) {
        return "does not exist";
    }
    if (!std::filesystem::is_regular_file(status)) {
        return std::filesystem::is_directory(status) ? "is a folder" : "is no regular file";
    }
    file_.open(config_.payload, std::ios::binary);
    if (!file_.is_open()) {
        return "cannot be read";
    }
    return file_.peek() == std::ifstream::traits_type::eof() ? "is empty" : nullptr;
}

void downlink::read_payload(std::span<std::uint8_t> octets) {
    if (!file_.is_open()) {
        for (std::size_t i = 0; i < octets.size(); ++i) {
            octets[i] = static_cast<std::uint8_t>(i + packet_count_);
        }
        return;
    }
    std::size_t filled = 0;
    std::array<char, 4096> part{};
    while (filled < octets.size()) {
        const std::size_t wanted = std::min(part.size(), octets.size() - filled);
        file_.read(part.data(), static_cast<std::streamsize>(wanted));
        const auto got = static_cast<std::size_t>(file_.gcount());
        std::transform(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                       octets.begin() + static_cast<std::ptrdiff_t>(filled),
                       [](char value) { return static_cast<std::uint8_t>(value); });
        filled += got;
        if (got < wanted) { // from the beginning again
            file_.clear();
            file_.seekg(0);
            if (file_.peek() == std::ifstream::traits_type::eof()) { // emptied meanwhile
                return;
            }
        }
    }
}

std::vector<std::uint8_t> downlink::next_packet() {
    std::vector<std::uint8_t> payload(64 + random_.below(700));
    read_payload(payload);
    std::vector<std::uint8_t> packet;
    if (config_.payload == "ip") {
        framing::append_ip_over_ccsds(packet, ip_packet(payload, packet_count_));
    } else {
        const framing::space_packet_header header{
            .telecommand = false,
            .has_secondary_header = false,
            .apid = static_cast<std::uint16_t>(first_apid + random_.below(3)),
            .sequence = framing::sequence_flags::unsegmented,
            .sequence_count = static_cast<std::uint16_t>(packet_count_ & 0x3FFFU)};
        framing::append_space_packet(packet, header, payload);
    }
    ++packet_count_;
    return packet;
}

void downlink::fill_queue(framing::frame_builder& builder) {
    while (builder.queued_octets() < builder.packet_octets()) {
        if (!builder.push_packet(next_packet())) {
            return;
        }
    }
}

void downlink::send_frame(frame_sink sent) {
    if (builders_.empty()) {
        for (std::uint8_t& octet : frame_) {
            octet = static_cast<std::uint8_t>(random_.bits() >> 56U);
        }
    } else {
        framing::frame_builder& builder = builders_[random_.below(builders_.size())];
        if (frames_ % quiet_frames_period < quiet_frames_period - 2) {
            fill_queue(builder);
        }
        builder.next_frame(frame_, master_count_);
        ++master_count_;
    }
    bits_.clear();
    encoder_.frame(frame_, bits_);
    const auto marker = static_cast<std::uint64_t>(std::lround(
        config_.mission.coding.marker.bits * expansion(config_.mission.coding.convolutional)));
    const unsigned per_symbol = dsp::bits_per_symbol(config_.mission.wave.kind);
    const double symbol = static_cast<double>((channel_bits_ + marker) / per_symbol);
    const double sample = (symbol + dsp::pulse_span_symbols) * samples_per_symbol_;
    const framing::arrival first_bit{.time = config_.start.plus_seconds(sample / sample_rate_hz_),
                                     .is_known = true};
    channel_bits_ += bits_.size();
    ++frames_;
    auto ignore = [](const framing::delivered_packet&) {};
    sorter_.push({.octets = frame_, .first_bit = first_bit, .corrected = false, .checked = true},
                 {.frame = sent, .packet = ignore});
    modulator_.push(bits_, out_);
}

std::span<const base::cf32> downlink::next(frame_sink sent) {
    if (samples_ > 0) {
        out_.clear();
    }
    if (!ended_) {
        // A frame that began is sent whole.
        if (channel_bits_ < wanted_bits_ && !stopped_) {
            send_frame(sent);
        } else {
            bits_.clear();
            encoder_.flush(bits_);
            modulator_.push(bits_, out_);
            modulator_.flush(out_);
            ended_ = true;
        }
    }
    // Before the channel: offsets and Doppler rates are then those of the samples.
    for (base::cf32& sample : out_) {
        if (config_.mission.wave.spectrum_inverted) {
            sample = std::conj(sample);
        }
        if (config_.mission.wave.iq_swapped) {
            sample = {sample.imag(), sample.real()};
        }
    }
    channel_.apply(out_);
    quantise();
    samples_ += out_.size();
    return out_;
}

void downlink::quantise() {
    const auto scale = static_cast<float>(1U << (config_.bits - 1U));
    const auto round = [&](float value) {
        return std::clamp(std::nearbyint(value * scale), -scale, scale - 1.0F) / scale;
    };
    for (base::cf32& sample : out_) {
        sample = {round(sample.real()), round(sample.imag())};
    }
}

double downlink::progress() const noexcept {
    return wanted_bits_ == 0 ? 1.0
                             : std::min(1.0, static_cast<double>(channel_bits_) /
                                                 static_cast<double>(wanted_bits_));
}

} // namespace landfall::app
