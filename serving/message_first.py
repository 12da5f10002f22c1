"""Reading a call's message where it can be given up.

gRPC's own unary handlers wait for the message in a thread of the pool, for as long as the client likes. Here each method is
served as one that takes a stream, which is the same on the wire, and reads the one message itself. Parsing happens in the call's
own thread too: gRPC would do it in the one that dispatches all calls.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from serving.waiting_calls import MESSAGE, WaitingCalls


class MessageFirst(grpc.ServerInterceptor):
    """Serves the methods of any service that way."""

    def __init__(self, calls: WaitingCalls) -> None:
        """Count the calls that wait."""
        self._calls = calls

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the handler of a method; None when there is no such method."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(self._stream(handler), None, handler.response_serializer)
        return grpc.stream_unary_rpc_method_handler(self._unary(handler), None, handler.response_serializer)

    def _unary(self, handler: Any) -> Callable[[Iterator[bytes], grpc.ServicerContext], Any]:
        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            response = handler.unary_unary(self._request(handler, messages, context), context)
            self._calls.sending(context)
            return response

        return answer

    def _stream(self, handler: Any) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[Any]]:
        def answers(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
            yield from handler.unary_stream(self._request(handler, messages, context), context)

        return answers

    def _request(self, handler: Any, messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
        with self._calls.waiting(context, MESSAGE):
            message = next(messages, None)
        if message is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "expected one request message; got none")
        try:
            return handler.request_deserializer(message)
        except DecodeError:
            context.abort(grpc.StatusCode.INTERNAL, "Exception deserializing request!")  # gRPC's own words
