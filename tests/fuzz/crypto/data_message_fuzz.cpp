// SPDX-License-Identifier: MIT
// Any octets as a datagram; and sealed with the session's keys, any octets as what an authentic
// peer sends inside. What is released is in bounds and from the peer's address.
#include "crypto/inner_packet.h"
#include "tests/support/tunnel_world.h"

#include <cstdlib>

using namespace landfall;

namespace {

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

void check(const crypto::incoming& in) {
    require(crypto::name(in.status) != nullptr);
    if (in.status != crypto::decrypt_status::packet) {
        require(in.packet == nullptr);
        return;
    }
    require(in.packet >= in.datagram + 16);
    require(in.packet + in.packet_length + 16 <= in.datagram + in.length);
    const auto inner = crypto::read_inner({in.packet, in.packet_length});
    require(inner && inner->length == in.packet_length && inner->source == test::inner_of(2));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    crypto::shared_state shared(1, 1408, crypto::sealing::one_call);
    crypto::data_half half(shared);
    crypto::session& made = shared.sessions[0];
    made.local_index = 0x1000;
    made.peer = 0;
    made.made_ns = test::s;
    shared.orders.push({.what = crypto::order::kind::add_peer, .peer = 0});
    shared.orders.push({.what = crypto::order::kind::install_current, .peer = 0, .slot = 0});
    const std::vector<crypto::allowed_ip> allowed{{{test::inner_of(2), 32}, 0}};
    shared.orders.push({.what = crypto::order::kind::set_allowed_ips,
                        .allowed = std::make_unique<crypto::allowed_ips>(allowed)});
    test::message plain(data, data + size);
    test::message sealed{4, 0, 0, 0, 0, 0x10};
    sealed.resize(32 + size);
    std::copy(plain.begin(), plain.end(), sealed.begin() + 16);
    crypto::seal_plain(made.receive_key, 0, sealed.data() + 16, size);
    for (test::message* datagram : {&plain, &sealed}) {
        crypto::incoming in{.datagram = datagram->data(),
                            .length = static_cast<std::uint32_t>(datagram->size())};
        half.decrypt({&in, 1}, 2 * test::s);
        require(datagram == &plain || in.status != crypto::decrypt_status::bad_tag);
        check(in);
    }
    // And as a packet to be sent.
    test::message room(64 + size + crypto::scratch_tailroom);
    std::copy(data, data + size, room.begin() + 64);
    crypto::outgoing out{.packet = room.data() + 64,
                         .length = static_cast<std::uint32_t>(size),
                         .headroom = 64,
                         .tailroom = crypto::scratch_tailroom,
                         .peer = 0};
    half.encrypt({&out, 1}, 2 * test::s);
    require(crypto::name(out.status) != nullptr);
    require(out.status != crypto::encrypt_status::sent ||
            out.datagram + out.datagram_length <= room.data() + room.size());
    return 0;
}
