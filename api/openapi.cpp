#include "api/openapi.hpp"

namespace api {
namespace {

// tests/blackbox/openapi.test.mjs reads it against the URL table and the table of problems.
constexpr std::string_view document = R"json({
 "openapi": "3.1.0",
 "info": {
  "title": "Stagedoor",
  "version": "0.1.0",
  "summary": "The door between a marketplace and its video calls",
  "description": "Someone proves who they are, Stagedoor checks the seat they are booked for, and hands back a link that lets them in. Failures are problem documents (RFC 9457); `code` is what programs read.",
  "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
 },
 "servers": [{"url": "/"}],
 "paths": {
  "/api/expert/videocall/url": {
   "get": {
    "operationId": "joinExpert",
    "summary": "Where this person goes for this call, on the seat of the expert",
    "description": "Asking again is always safe: the same identity at the provider, a fresh link, no second room. With `Accept: text/event-stream` the same is told step by step, and an early caller is let in when the room opens.",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [
     {
      "name": "roomId",
      "in": "query",
      "required": true,
      "schema": {"$ref": "#/components/schemas/RoomId"}
     },
     {
      "name": "userName",
      "in": "query",
      "required": false,
      "description": "What others are shown; `Expert` where it is absent or blank. Control characters and bidirectional overrides are refused. It decides nothing else.",
      "schema": {"type": "string", "maxLength": 64}
     }
    ],
    "responses": {
     "200": {
      "description": "The link that lets this person in.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {
       "application/json": {"schema": {"$ref": "#/components/schemas/JoinAnswer"}},
       "text/event-stream": {
        "schema": {
         "type": "string",
         "description": "Events `state` (data: {\"state\":\"checking\"|\"waiting\"|\"provisioning\"|\"ready\"|\"denied\"|\"failed\"}; waiting has opensAt and serverTime, denied and failed have code), then one `url` (data: a JoinAnswer) or one `problem` (data: a Problem). A comment every 15 s keeps the connection."
        }
       }
      }
     },
     "204": {
      "description": "The request was a prefetch (Sec-Purpose or Purpose): nothing was done.",
      "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "404": {"$ref": "#/components/responses/RoomNotFound"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "410": {"$ref": "#/components/responses/Gone"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "502": {"$ref": "#/components/responses/ProviderRejected"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "504": {"$ref": "#/components/responses/ProviderTimeout"}
    }
   },
   "head": {
    "operationId": "lookExpert",
    "summary": "Everything that is checked, without side effects: no room is made, no link is issued",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [
     {
      "name": "roomId",
      "in": "query",
      "required": true,
      "schema": {"$ref": "#/components/schemas/RoomId"}
     },
     {
      "name": "userName",
      "in": "query",
      "required": false,
      "description": "What others are shown; `Expert` where it is absent or blank. Control characters and bidirectional overrides are refused. It decides nothing else.",
      "schema": {"type": "string", "maxLength": 64}
     }
    ],
    "responses": {
     "200": {
      "description": "A GET would go on to the provider.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      }
     },
     "204": {
      "description": "The request was a prefetch (Sec-Purpose or Purpose): nothing was done.",
      "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "404": {"$ref": "#/components/responses/RoomNotFound"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "410": {"$ref": "#/components/responses/Gone"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "502": {"$ref": "#/components/responses/ProviderRejected"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "504": {"$ref": "#/components/responses/ProviderTimeout"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   }
  },
  "/api/client/videocall/url": {
   "get": {
    "operationId": "joinClient",
    "summary": "Where this person goes for this call, on the seat of the client",
    "description": "Asking again is always safe: the same identity at the provider, a fresh link, no second room. With `Accept: text/event-stream` the same is told step by step, and an early caller is let in when the room opens.",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [
     {
      "name": "roomId",
      "in": "query",
      "required": true,
      "schema": {"$ref": "#/components/schemas/RoomId"}
     },
     {
      "name": "userName",
      "in": "query",
      "required": false,
      "description": "What others are shown; `Client` where it is absent or blank. Control characters and bidirectional overrides are refused. It decides nothing else.",
      "schema": {"type": "string", "maxLength": 64}
     }
    ],
    "responses": {
     "200": {
      "description": "The link that lets this person in.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {
       "application/json": {"schema": {"$ref": "#/components/schemas/JoinAnswer"}},
       "text/event-stream": {
        "schema": {
         "type": "string",
         "description": "Events `state` (data: {\"state\":\"checking\"|\"waiting\"|\"provisioning\"|\"ready\"|\"denied\"|\"failed\"}; waiting has opensAt and serverTime, denied and failed have code), then one `url` (data: a JoinAnswer) or one `problem` (data: a Problem). A comment every 15 s keeps the connection."
        }
       }
      }
     },
     "204": {
      "description": "The request was a prefetch (Sec-Purpose or Purpose): nothing was done.",
      "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "404": {"$ref": "#/components/responses/RoomNotFound"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "410": {"$ref": "#/components/responses/Gone"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "502": {"$ref": "#/components/responses/ProviderRejected"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "504": {"$ref": "#/components/responses/ProviderTimeout"}
    }
   },
   "head": {
    "operationId": "lookClient",
    "summary": "Everything that is checked, without side effects: no room is made, no link is issued",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [
     {
      "name": "roomId",
      "in": "query",
      "required": true,
      "schema": {"$ref": "#/components/schemas/RoomId"}
     },
     {
      "name": "userName",
      "in": "query",
      "required": false,
      "description": "What others are shown; `Client` where it is absent or blank. Control characters and bidirectional overrides are refused. It decides nothing else.",
      "schema": {"type": "string", "maxLength": 64}
     }
    ],
    "responses": {
     "200": {
      "description": "A GET would go on to the provider.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      }
     },
     "204": {
      "description": "The request was a prefetch (Sec-Purpose or Purpose): nothing was done.",
      "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "404": {"$ref": "#/components/responses/RoomNotFound"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "410": {"$ref": "#/components/responses/Gone"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "502": {"$ref": "#/components/responses/ProviderRejected"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "504": {"$ref": "#/components/responses/ProviderTimeout"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   }
  },
  "/api/expert/bookings": {
   "get": {
    "operationId": "ownExpertBookings",
    "summary": "The caller's own bookings as expert, as long as they are not over",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [{"$ref": "#/components/parameters/cursor"}, {"$ref": "#/components/parameters/limit"}],
    "responses": {
     "200": {
      "description": "A page, by start. It may hold fewer than `limit`; `nextCursor` is null on the last one.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OwnBookings"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headOwnExpertBookings",
    "summary": "The headers of GET",
    "security": [{"session": []}, {"sessionCookie": []}],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    },
    "parameters": [{"$ref": "#/components/parameters/cursor"}, {"$ref": "#/components/parameters/limit"}]
   }
  },
  "/api/client/bookings": {
   "get": {
    "operationId": "ownClientBookings",
    "summary": "The caller's own bookings as client, as long as they are not over",
    "security": [{"session": []}, {"sessionCookie": []}],
    "parameters": [{"$ref": "#/components/parameters/cursor"}, {"$ref": "#/components/parameters/limit"}],
    "responses": {
     "200": {
      "description": "A page, by start. It may hold fewer than `limit`; `nextCursor` is null on the last one.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OwnBookings"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/JoinForbidden"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headOwnClientBookings",
    "summary": "The headers of GET",
    "security": [{"session": []}, {"sessionCookie": []}],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    },
    "parameters": [{"$ref": "#/components/parameters/cursor"}, {"$ref": "#/components/parameters/limit"}]
   }
  },
  "/api/bookings": {
   "get": {
    "operationId": "listBookings",
    "summary": "Bookings by start, in stable pages",
    "security": [{"serviceKey": []}],
    "parameters": [
     {
      "name": "from",
      "in": "query",
      "description": "Starts at or after.",
      "schema": {"$ref": "#/components/schemas/Time"}
     },
     {
      "name": "to",
      "in": "query",
      "description": "Starts before.",
      "schema": {"$ref": "#/components/schemas/Time"}
     },
     {
      "name": "userId",
      "in": "query",
      "description": "Has this participant.",
      "schema": {"$ref": "#/components/schemas/UserId"}
     },
     {"$ref": "#/components/parameters/cursor"},
     {"$ref": "#/components/parameters/limit"}
    ],
    "responses": {
     "200": {
      "description": "A page.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BookingPage"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headListBookings",
    "summary": "The headers of GET",
    "security": [{"serviceKey": []}],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    },
    "parameters": [
     {
      "name": "from",
      "in": "query",
      "description": "Starts at or after.",
      "schema": {"$ref": "#/components/schemas/Time"}
     },
     {
      "name": "to",
      "in": "query",
      "description": "Starts before.",
      "schema": {"$ref": "#/components/schemas/Time"}
     },
     {
      "name": "userId",
      "in": "query",
      "description": "Has this participant.",
      "schema": {"$ref": "#/components/schemas/UserId"}
     },
     {"$ref": "#/components/parameters/cursor"},
     {"$ref": "#/components/parameters/limit"}
    ]
   }
  },
  "/api/bookings/{roomId}": {
   "parameters": [
    {
     "name": "roomId",
     "in": "path",
     "required": true,
     "schema": {"$ref": "#/components/schemas/RoomId"}
    }
   ],
   "get": {
    "operationId": "getBooking",
    "summary": "One booking",
    "security": [{"serviceKey": []}],
    "responses": {
     "200": {
      "description": "The booking.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Booking"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "404": {"$ref": "#/components/responses/RoomNotFound"}
    }
   },
   "put": {
    "operationId": "putBooking",
    "summary": "Creates or replaces a booking",
    "description": "Idempotent. It is seen by every later join. The provider is pinned by the first put; a cancelled or ended booking is opened again.",
    "security": [{"serviceKey": []}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BookingBody"}}}
    },
    "responses": {
     "200": {
      "description": "Changed, or the same.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Booking"}}}
     },
     "201": {
      "description": "New.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"},
       "Location": {"$ref": "#/components/headers/Location"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Booking"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "413": {"$ref": "#/components/responses/BodyTooLarge"},
     "415": {"$ref": "#/components/responses/UnsupportedMediaType"},
     "422": {"$ref": "#/components/responses/InvalidBooking"}
    }
   },
   "delete": {
    "operationId": "cancelBooking",
    "summary": "Cancels a booking and closes its room where that can be done",
    "description": "Repeating it changes nothing.",
    "security": [{"serviceKey": []}],
    "responses": {
     "200": {
      "description": "The booking, cancelled.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Booking"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "404": {"$ref": "#/components/responses/RoomNotFound"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headGetBooking",
    "summary": "The headers of GET",
    "security": [{"serviceKey": []}],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    }
   }
  },
  "/api/bookings/{roomId}/end": {
   "parameters": [
    {
     "name": "roomId",
     "in": "path",
     "required": true,
     "schema": {"$ref": "#/components/schemas/RoomId"}
    }
   ],
   "post": {
    "operationId": "endBooking",
    "summary": "Ends a booking and closes its room where that can be done",
    "description": "Repeating it changes nothing.",
    "security": [{"serviceKey": []}],
    "responses": {
     "200": {
      "description": "The booking as it is now.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Booking"}}}
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"},
     "503": {"$ref": "#/components/responses/Unavailable"},
     "404": {"$ref": "#/components/responses/RoomNotFound"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   }
  },
  "/.well-known/jwks.json": {
   "get": {
    "operationId": "jwks",
    "summary": "Public keys of the tokens that are signed here",
    "security": [],
    "responses": {
     "200": {
      "description": "A JWK set (RFC 7517), good for five minutes.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/jwk-set+json": {"schema": {"$ref": "#/components/schemas/KeySet"}}}
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headJwks",
    "summary": "The headers of GET",
    "security": [],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    }
   }
  },
  "/openapi.json": {
   "get": {
    "operationId": "openapi",
    "summary": "This document",
    "security": [],
    "responses": {
     "200": {
      "description": "OpenAPI 3.1.",
      "headers": {
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
       "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
       "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
       "RateLimit": {"$ref": "#/components/headers/RateLimit"}
      },
      "content": {"application/json": {"schema": {"type": "object"}}}
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headOpenapi",
    "summary": "The headers of GET",
    "security": [],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    }
   }
  },
  "/test-videocall": {
   "get": {
    "operationId": "demoPage",
    "summary": "Demo mode only: a page to try calls",
    "security": [],
    "responses": {
     "200": {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}},
     "404": {"$ref": "#/components/responses/NotFound"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   },
   "head": {
    "operationId": "headDemoPage",
    "summary": "The headers of GET",
    "security": [],
    "responses": {
     "200": {"description": "As GET, without a body."},
     "default": {"description": "As GET, without a body."}
    }
   }
  },
  "/demo/login": {
   "post": {
    "operationId": "demoLogin",
    "summary": "Demo mode only: signs in as a person of the demo",
    "security": [],
    "requestBody": {
     "required": true,
     "content": {
      "application/x-www-form-urlencoded": {
       "schema": {
        "type": "object",
        "required": ["user", "role"],
        "properties": {
         "user": {"$ref": "#/components/schemas/UserId"},
         "role": {"$ref": "#/components/schemas/Role"}
        }
       }
      }
     }
    },
    "responses": {
     "303": {
      "description": "The session's cookie is set.",
      "headers": {
       "Location": {"$ref": "#/components/headers/Location"},
       "Set-Cookie": {"schema": {"type": "string"}}
      }
     },
     "400": {"$ref": "#/components/responses/BadRequest"},
     "404": {"$ref": "#/components/responses/NotFound"},
     "413": {"$ref": "#/components/responses/BodyTooLarge"},
     "415": {"$ref": "#/components/responses/UnsupportedMediaType"},
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "405": {"$ref": "#/components/responses/MethodNotAllowed"},
     "429": {"$ref": "#/components/responses/TooManyRequests"},
     "500": {"$ref": "#/components/responses/InternalError"}
    }
   },
   "options": {
    "summary": "Which methods this address takes",
    "responses": {
     "204": {
      "description": "`Allow` lists them.",
      "headers": {
       "Allow": {"$ref": "#/components/headers/Allow"},
       "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}
      }
     },
     "403": {"$ref": "#/components/responses/HttpsRequired"},
     "429": {"$ref": "#/components/responses/TooManyRequests"}
    }
   }
  }
 },
 "components": {
  "securitySchemes": {
   "session": {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The caller's session."
   },
   "sessionCookie": {
    "type": "apiKey",
    "in": "cookie",
    "name": "session",
    "description": "The same as a cookie; its names are configured."
   },
   "serviceKey": {"type": "http", "scheme": "bearer", "description": "The marketplace's backend."}
  },
  "parameters": {
   "cursor": {
    "name": "cursor",
    "in": "query",
    "description": "`nextCursor` of the page before.",
    "schema": {"type": "string"}
   },
   "limit": {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
   }
  },
  "headers": {
   "X-Request-Id": {
    "description": "The caller's own, if it is 1 to 64 characters of A-Z a-z 0-9 . _ -, else a new one.",
    "required": true,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
   },
   "Cache-Control": {"required": true, "schema": {"type": "string"}},
   "RateLimit-Policy": {
    "description": "The bucket that counted, as `\"ip\";q=40;w=2`. Absent where there is no limit.",
    "schema": {"type": "string"}
   },
   "RateLimit": {"description": "What is left of it, as `\"ip\";r=39;t=1`.", "schema": {"type": "string"}},
   "Retry-After": {
    "description": "Whole seconds; a retry after that is not too early.",
    "schema": {"type": "integer", "minimum": 1}
   },
   "WWW-Authenticate": {"required": true, "schema": {"type": "string"}},
   "Allow": {"required": true, "schema": {"type": "string"}},
   "Location": {"required": true, "schema": {"type": "string"}}
  },
  "schemas": {
   "RoomId": {"type": "string", "pattern": "^[A-Za-z0-9._~:@-]{1,128}$"},
   "UserId": {"type": "string", "minLength": 1, "maxLength": 255},
   "Role": {"enum": ["expert", "client"]},
   "Time": {"type": "string", "format": "date-time"},
   "JoinAnswer": {
    "type": "object",
    "required": [
     "videoCallUrl",
     "roomId",
     "userName",
     "role",
     "provider",
     "expiresAt",
     "refreshAfter",
     "serverTime",
     "embed"
    ],
    "properties": {
     "videoCallUrl": {"type": "string", "format": "uri"},
     "roomId": {"$ref": "#/components/schemas/RoomId"},
     "userName": {
      "type": "string",
      "minLength": 1,
      "maxLength": 64,
      "description": "The userName that was asked for, or its default."
     },
     "role": {"$ref": "#/components/schemas/Role"},
     "provider": {"type": "string"},
     "expiresAt": {"$ref": "#/components/schemas/Time"},
     "refreshAfter": {
      "$ref": "#/components/schemas/Time",
      "description": "When to ask again, so that the link does not expire during a reconnect."
     },
     "serverTime": {"$ref": "#/components/schemas/Time"},
     "embed": {
      "type": "object",
      "required": ["mode", "allow", "origin"],
      "properties": {
       "mode": {"enum": ["iframe", "new_tab"]},
       "allow": {"type": "string"},
       "origin": {"type": "string"}
      }
     }
    }
   },
   "Participant": {
    "type": "object",
    "additionalProperties": false,
    "required": ["userId", "role"],
    "properties": {
     "userId": {"$ref": "#/components/schemas/UserId"},
     "role": {"$ref": "#/components/schemas/Role"}
    }
   },
   "BookingBody": {
    "type": "object",
    "additionalProperties": false,
    "required": ["startsAt", "endsAt", "participants"],
    "properties": {
     "startsAt": {"$ref": "#/components/schemas/Time"},
     "endsAt": {"$ref": "#/components/schemas/Time"},
     "provider": {
      "type": "string",
      "pattern": "^[a-z0-9_-]{1,64}$",
      "description": "The configured default where it is absent."
     },
     "participants": {
      "type": "array",
      "minItems": 1,
      "maxItems": 64,
      "items": {"$ref": "#/components/schemas/Participant"}
     }
    }
   },
   "Booking": {
    "type": "object",
    "required": [
     "roomId",
     "startsAt",
     "endsAt",
     "provider",
     "participants",
     "state",
     "createdAt",
     "updatedAt"
    ],
    "properties": {
     "roomId": {"$ref": "#/components/schemas/RoomId"},
     "startsAt": {"$ref": "#/components/schemas/Time"},
     "endsAt": {"$ref": "#/components/schemas/Time"},
     "provider": {"type": "string"},
     "participants": {"type": "array", "items": {"$ref": "#/components/schemas/Participant"}},
     "state": {"enum": ["scheduled", "cancelled", "ended"]},
     "createdAt": {"$ref": "#/components/schemas/Time"},
     "updatedAt": {"$ref": "#/components/schemas/Time"}
    }
   },
   "BookingPage": {
    "type": "object",
    "required": ["bookings", "nextCursor"],
    "properties": {
     "bookings": {"type": "array", "items": {"$ref": "#/components/schemas/Booking"}},
     "nextCursor": {"type": ["string", "null"]}
    }
   },
   "OwnBooking": {
    "type": "object",
    "required": ["roomId", "startsAt", "endsAt", "provider", "state", "joinable", "opensAt", "closesAt"],
    "properties": {
     "roomId": {"$ref": "#/components/schemas/RoomId"},
     "startsAt": {"$ref": "#/components/schemas/Time"},
     "endsAt": {"$ref": "#/components/schemas/Time"},
     "provider": {"type": "string"},
     "state": {"enum": ["scheduled", "cancelled", "ended"]},
     "joinable": {"type": "boolean", "description": "A join would be let in now."},
     "opensAt": {"$ref": "#/components/schemas/Time"},
     "closesAt": {"$ref": "#/components/schemas/Time"}
    }
   },
   "OwnBookings": {
    "type": "object",
    "required": ["bookings", "nextCursor", "serverTime"],
    "properties": {
     "bookings": {"type": "array", "items": {"$ref": "#/components/schemas/OwnBooking"}},
     "nextCursor": {"type": ["string", "null"]},
     "serverTime": {"$ref": "#/components/schemas/Time"}
    }
   },
   "KeySet": {
    "type": "object",
    "required": ["keys"],
    "properties": {"keys": {"type": "array", "items": {"type": "object", "required": ["kty"]}}}
   },
   "Problem": {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
     "type": {
      "type": "string",
      "format": "uri",
      "description": "One anchor per code in the documentation."
     },
     "title": {"type": "string"},
     "status": {"type": "integer", "minimum": 400, "maximum": 599},
     "detail": {"type": "string", "description": "A sentence that a person can act on."},
     "code": {
      "enum": [
       "invalid_request",
       "unauthenticated",
       "session_expired",
       "https_required",
       "wrong_role",
       "not_assigned",
       "too_early",
       "room_not_found",
       "not_found",
       "method_not_allowed",
       "request_timeout",
       "room_ended",
       "room_cancelled",
       "body_too_large",
       "uri_too_long",
       "unsupported_media_type",
       "expectation_failed",
       "invalid_booking",
       "rate_limited",
       "headers_too_large",
       "internal_error",
       "not_implemented",
       "provider_rejected",
       "provider_unavailable",
       "overloaded",
       "provider_timeout",
       "version_not_supported"
      ]
     },
     "requestId": {"type": "string"},
     "parameter": {"type": "string", "description": "With invalid_request: which one."},
     "opensAt": {"$ref": "#/components/schemas/Time", "description": "With too_early."},
     "closesAt": {
      "$ref": "#/components/schemas/Time",
      "description": "With room_ended, where the time is over."
     },
     "policy": {"type": "string", "description": "With rate_limited: ip, user, service or streams."},
     "errors": {
      "type": "array",
      "description": "With invalid_booking.",
      "items": {
       "type": "object",
       "required": ["pointer", "detail"],
       "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body."},
        "detail": {"type": "string"}
       }
      }
     }
    }
   }
  },
  "responses": {
   "BadRequest": {
    "description": "`invalid_request`: a parameter is missing, malformed or repeated; `parameter` names it.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "Unauthorized": {
    "description": "`unauthenticated` or `session_expired`: no valid session, or for the booking API no valid service key.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"},
     "WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "HttpsRequired": {
    "description": "`https_required`: plain HTTP from beyond this machine.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "JoinForbidden": {
    "description": "`wrong_role`, `not_assigned`, `too_early` (with `opensAt` and `Retry-After`) or `https_required`.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"},
     "Retry-After": {"$ref": "#/components/headers/Retry-After"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "RoomNotFound": {
    "description": "`room_not_found`: no booking has this room.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "NotFound": {
    "description": "`not_found`: nothing is at this address.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "MethodNotAllowed": {
    "description": "`method_not_allowed`: the `Allow` header lists what this address takes.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"},
     "Allow": {"$ref": "#/components/headers/Allow"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "Gone": {
    "description": "`room_ended` or `room_cancelled`.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "BodyTooLarge": {
    "description": "`body_too_large`.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "UnsupportedMediaType": {
    "description": "`unsupported_media_type`: the body must be application/json.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "InvalidBooking": {
    "description": "`invalid_booking`: `errors` lists each mistake with its place.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "TooManyRequests": {
    "description": "`rate_limited`: `policy` names the bucket that is empty.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"},
     "Retry-After": {"$ref": "#/components/headers/Retry-After"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "InternalError": {
    "description": "`internal_error`: a bug; the log has it under the request id.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "ProviderRejected": {
    "description": "`provider_rejected`: the video provider refused.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "Unavailable": {
    "description": "`provider_unavailable` or `overloaded`.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"},
     "Retry-After": {"$ref": "#/components/headers/Retry-After"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "ProviderTimeout": {
    "description": "`provider_timeout`: the join's deadline passed.",
    "headers": {
     "X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"},
     "Cache-Control": {"$ref": "#/components/headers/Cache-Control"},
     "RateLimit-Policy": {"$ref": "#/components/headers/RateLimit-Policy"},
     "RateLimit": {"$ref": "#/components/headers/RateLimit"}
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   }
  }
 }
}
)json";

}  // namespace

std::string_view openapi_document() { return document; }

}  // namespace api
