// The API's documentation, drawn by Swagger UI from the server's own OpenAPI document.

SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true });
