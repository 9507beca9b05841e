// SPDX-License-Identifier: MIT
#include "wire/pcapng.h"

#include <algorithm>
#include <array>

namespace landfall::wire {
namespace {

constexpr std::uint32_t snap_length = 262144;
constexpr std::size_t max_option_octets = 65535;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_application = 4; // of a section
constexpr std::uint16_t option_name = 2;        // of an interface
constexpr std::uint16_t option_resolution = 9;  // of an interface
constexpr std::uint16_t option_packet_id = 5;   // of a packet

constexpr std::uint32_t block_section = 0x0A0D0D0A;
constexpr std::uint32_t block_interface = 1;
constexpr std::uint32_t block_packet = 6;

/// A block at the end of `out`; its length is written when it goes.
class block {
  public:
    block(std::vector<std::uint8_t>& out, std::uint32_t type)
        : out_(out), begin_(out.size()), body(out) {
        body.u32(type);
        body.u32(0);
    }
    ~block() {
        const auto length = static_cast<std::uint32_t>(out_.size() + 4 - begin_);
        body.u32(length);
        for (unsigned i = 0; i < 4; ++i) {
            out_[begin_ + 4 + i] = static_cast<std::uint8_t>(length >> (24U - 8U * i));
        }
    }
    block(const block&) = delete;
    block& operator=(const block&) = delete;

    void pad() { out_.resize(begin_ + (out_.size() - begin_ + 3) / 4 * 4); }
    void option(std::uint16_t code, base::octets value) {
        const base::octets kept = value.first(std::min(value.size(), max_option_octets));
        body.u16(code);
        body.u16(static_cast<std::uint16_t>(kept.size()));
        body.append(kept);
        pad();
    }
    void option(std::uint16_t code, std::string_view text) {
        option(code, base::octets(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    }
    void end_of_options() { option(option_end, std::string_view{}); }

  private:
    std::vector<std::uint8_t>& out_;
    std::size_t begin_;

  public:
    base::byte_writer body;
};

} // namespace

void append_section(std::vector<std::uint8_t>& out) {
    block made(out, block_section);
    made.body.u32(0x1A2B3C4D);
    made.body.u16(1);
    made.body.u16(0);
    made.body.u64(~std::uint64_t{0}); // length of the section: not given
    made.option(option_application, "landfall");
    made.end_of_options();
}

void append_interface(std::vector<std::uint8_t>& out, std::string_view name, std::uint16_t link) {
    block made(out, block_interface);
    made.body.u16(link);
    made.body.u16(0);
    made.body.u32(snap_length);
    made.option(option_name, name);
    made.option(option_resolution, std::array<std::uint8_t, 1>{9});
    made.end_of_options();
}

void append_packet(std::vector<std::uint8_t>& out, std::uint32_t interface_number,
                   const base::timestamp& time, base::octets packet,
                   const packet_options& options) {
    block made(out, block_packet);
    made.body.u32(interface_number);
    made.body.u64(static_cast<std::uint64_t>(time.seconds) * 1'000'000'000U +
                  static_cast<std::uint64_t>(time.picoseconds / 1000));
    made.body.u32(static_cast<std::uint32_t>(packet.size()));
    made.body.u32(static_cast<std::uint32_t>(packet.size()));
    made.body.append(packet);
    made.pad();
    if (!options.comment.empty()) {
        made.option(option_comment, options.comment);
    }
    if (options.packet_id) {
        std::array<std::uint8_t, 8> number{};
        for (unsigned i = 0; i < 8; ++i) {
            number[i] = static_cast<std::uint8_t>(*options.packet_id >> (56U - 8U * i));
        }
        made.option(option_packet_id, number);
    }
    if (!options.comment.empty() || options.packet_id) {
        made.end_of_options();
    }
}

} // namespace landfall::wire
